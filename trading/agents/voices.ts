import type { CycleTerms } from '../../contracts/cycle.ts';
import type { AgentQuestion } from '../../contracts/signals.ts';
import { type Asking, gatherAnswers, silent, TRIES, unheard } from '../../domain/consensus/gather.ts';
import { deviationsIn } from '../../domain/signals/bounds.ts';
import { seatRow } from '../../domain/signals/seats.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { wallClock } from '../clock.ts';
import { type AskTools, askAgent } from './ask.ts';
import { type GuestTools, hearGuests } from './guests.ts';
import { AgentUnavailable, pauseAfter } from './port.ts';

export type VoiceTools = AskTools & Omit<GuestTools, 'account'>;

type Weights = NonNullable<AgentQuestion['weights']>;

/** The answers to one cycle of agents that run in this process, by the rules by which a cycle's workflow asks those on the queues. */
export function askVoices(tools: VoiceTools, terms: CycleTerms, question: AgentQuestion): Promise<AgentAnswer[]> {
  const { account, symbols } = terms;
  // No schedule asks agents that live in this process: each is asked now.
  return gatherAnswers<Weights>({ ...terms, standing: [] }, deviationsIn(question.snapshot), {
    recall: async () => [],
    ask: (asking) => askTwice(tools, symbols, { ...question, ...asking.about }, asking),
    async hear(guests) {
      try {
        return await hearGuests({ ...tools, account }, { guests, symbols });
      } catch (error) {
        tools.logger.warn({ correlationId: question.correlationId, err: error }, 'the guests could not be heard');
        return unheard(guests, symbols);
      }
    },
  });
}

/** In the time of this machine: what thinks, thinks here, whatever the time of the market is. */
async function askTwice(
  tools: AskTools,
  symbols: readonly string[],
  question: AgentQuestion,
  { agentId, seat, withinMs }: Asking<Weights>,
): Promise<AgentAnswer> {
  const { elapsed, sleep } = wallClock;
  const until = elapsed() + withinMs;
  const calledOff = new AbortController().signal;
  for (let attempt = 1; ; attempt += 1) {
    const tryMs = Math.min(seatRow(seat).answerMs, until - elapsed());
    try {
      return await askAgent(tools, agentId, question, {
        attempt,
        isLast: attempt >= TRIES,
        withinMs: tryMs,
        calledOff,
      });
    } catch (error) {
      if (!(error instanceof AgentUnavailable)) throw error;
      const pauseMs = pauseAfter(error);
      if (until - elapsed() <= pauseMs) return silent(agentId, symbols, 'unavailable', error.message.slice(0, 300));
      await sleep(pauseMs);
    }
  }
}
