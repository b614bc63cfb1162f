import { isCancellation } from '@temporalio/workflow';
import type { CycleTerms } from '../../contracts/cycle.ts';
import { unpacked } from '../../contracts/packed-answer.ts';
import type { AgentQuestion } from '../../contracts/signals.ts';
import { BETWEEN_TRIES_MS, gatherAnswers, unheard } from '../../domain/consensus/gather.ts';
import { type CycleSnapshot, named } from '../../domain/market/snapshot.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import { deviationsIn } from '../../domain/signals/bounds.ts';
import { seatRow } from '../../domain/signals/seats.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { askSeat } from '../agents/ask-seat.ts';
import { type JournalActivities, journalStep } from './journal-step.ts';

const HEARING_MS = 5_000;

/** A queue that nobody takes work from means an abstention, not a wait. */
const QUEUED_MS = 3_000;

/** One answer for each of the agents: each is asked on the queue of its seat, and those whose answers stand, and guests, are heard in the journal. */
export function askAgents(
  terms: CycleTerms,
  { snapshot, ...asked }: Omit<AgentQuestion, 'snapshot'> & { snapshot: CycleSnapshot },
): Promise<AgentAnswer[]> {
  const { account, symbols } = terms;
  const request: AgentQuestion = { ...asked, snapshot: named(snapshot) };
  const { takenAt: at } = snapshot;
  const read = async (
    agents: readonly AgentId[],
    step: (journal: JournalActivities) => Promise<AgentAnswer[]>,
  ): Promise<AgentAnswer[]> => {
    try {
      return await journalStep(HEARING_MS, step, terms);
    } catch (error) {
      if (isCancellation(error)) throw error;
      return unheard(agents, symbols);
    }
  };
  return gatherAnswers(terms, deviationsIn(snapshot), {
    ask({ agentId, seat, withinMs, about }) {
      // Never beyond the deadline: a cycle has the time of two intervals, of which the second belongs to its orders.
      const times = {
        queuedMs: QUEUED_MS,
        tryMs: seatRow(seat).answerMs,
        inAllMs: withinMs,
        pauseMs: BETWEEN_TRIES_MS,
      };
      return askSeat({ agentId, seat }, symbols, { ...request, ...about }, times);
    },
    recall(agents) {
      const standing = (terms.standing ?? []).filter(({ agentId }) => agents.includes(agentId));
      const question = { account, standing, symbols, at };
      return read(agents, async ({ hearStanding }) => (await hearStanding(question)).map(unpacked));
    },
    hear: (guests) => read(guests, ({ hearGuests }) => hearGuests({ guests, symbols })),
  });
}
