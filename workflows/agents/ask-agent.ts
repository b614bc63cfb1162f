import { proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { CycleScheduleActivities } from '../../activities/agents/cycle-schedule.ts';
import {
  AROUND_ANSWER_MS,
  type AskInput,
  type AskReport,
  type AskTerms,
  askInputSchema,
} from '../../contracts/asking.ts';
import { named } from '../../domain/market/snapshot.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import type { SeatId } from '../../domain/signals/seats.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { standingAnswerMs } from '../../domain/signals/standing.ts';
import { journalStep } from '../cycle/journal-step.ts';
import { snapshotOf } from '../cycle/steps.ts';
import { readInput } from '../input.ts';
import { askSeat } from './ask-seat.ts';

const JOURNAL_MS = 10_000;
/** Nobody waits for this answer: a worker that has just gone is started again meanwhile. */
const QUEUED_MS = 15_000;
/** A provider that is away for longer than this is so for the second try, too; the next question comes by itself. */
const PAUSE_MS = 5_000;

const { pausedBy } = proxyActivities<CycleScheduleActivities>({
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '20s',
  retry: { initialInterval: '1s', maximumInterval: '5s' },
});

/**
 * Asks one agent, and the versions of its model, what it thinks of the market now, and keeps the answers: the cycles until the next question hear
 * them as they stand. By a schedule for each agent that has `askEverySeconds`, of which a round that is still at work leaves the next out.
 */
export async function askAgent(given: AskInput): Promise<AskReport> {
  const { account, seat } = readInput(askInputSchema, given);
  const paused = await pausedBy(account);
  if (paused !== undefined) return told({ said: {}, notAsked: paused });
  const terms = await journalStep(JOURNAL_MS, ({ openAsking }) => openAsking({ account, seat }));
  if ('notAsked' in terms) return told({ said: {}, notAsked: terms.notAsked });
  const answers = await ask(seat, terms);
  return told({ said: Object.fromEntries(answers.map((answer) => [answer.agentId, wordsOf(answer)])) });
}

async function ask(seat: SeatId, terms: AskTerms): Promise<AgentAnswer[]> {
  const { account, symbols, timeframe, candles, frames, past, bookLevels, horizonMs, askEveryMs, agents } = terms;
  const { workflowId } = workflowInfo();
  // What is spent on it, and logged of it, bears this in the place of a cycle's id.
  const askId: CycleId = tagged(workflowId);
  const askedAt = Date.now();
  const tryMs = standingAnswerMs(askEveryMs);
  const endsAt = askedAt + tryMs + AROUND_ANSWER_MS;
  const shown = { symbols, timeframe, candles, frames, past, bookLevels };
  const snapshot = named(
    await snapshotOf({ ...terms, endsAt }, { ...shown, correlationId: askId, neededUntilAt: endsAt }),
  );
  const agentIds = agents.map(({ agentId }) => agentId);
  await journalStep(JOURNAL_MS, ({ beginAsking }) => beginAsking({ account, askId, agentIds }), terms);
  const times = { queuedMs: QUEUED_MS, tryMs, inAllMs: tryMs + QUEUED_MS, pauseMs: PAUSE_MS };
  const question = { cycleId: askId, correlationId: askId, snapshot, horizonMs };
  const answers = await Promise.all(
    agents.map(({ agentId, weights }) =>
      askSeat({ agentId, seat }, symbols, { ...question, ...(weights ? { weights } : {}) }, times),
    ),
  );
  const asked = { formedAt: snapshot.takenAt, askEveryMs, tookMs: Date.now() - askedAt };
  await journalStep(JOURNAL_MS, ({ keepAnswers }) => keepAnswers({ account, askId, answers, asked }), terms);
  return answers;
}

function wordsOf({ opinions, model, latencyMs, costUsd }: AgentAnswer): string {
  const views = opinions.map((opinion) =>
    opinion.kind === 'signal' ? `${opinion.symbol}: a view` : `${opinion.symbol}: ${opinion.reason}`,
  );
  return `${views.join(', ')} (${model}, ${Math.round(latencyMs / 1_000)} s, ${costUsd} USD)`;
}

function told(report: AskReport): AskReport {
  const { said, notAsked } = report;
  setCurrentDetails(
    notAsked
      ? `not asked: ${notAsked}`
      : Object.entries(said)
          .map(([id, words]) => `${id}: ${words}`)
          .join('\n\n'),
  );
  return report;
}
