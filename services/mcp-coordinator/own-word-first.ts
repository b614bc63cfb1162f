import { ErrorName, UserError } from '../../contracts/errors.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import { currentCall } from './call-log.ts';
import type { Coordinator } from './coordinator.ts';

type Records = Pick<Coordinator, 'explainDecision'>;

/** Of a record what an agent may know: nothing of the account, whose orders, positions and limits are the operators' to see. */
const SHOWN_TO_AGENTS = [
  'cycleId',
  'correlationId',
  'outcome',
  'startedAt',
  'finishedAt',
  'snapshot',
  'answers',
  'consensus',
];
const SUMMARY = 'what came of it is shown to operators alone';

function callingAgent(): AgentId | undefined {
  const caller = currentCall.getStore()?.caller;
  return caller?.role === 'agent' ? caller.agentId : undefined;
}

/**
 * A guest that could read the others before it has spoken would repeat them, and be scored for it: it reads of the cycles that heard a signal of its own.
 *
 * @throws UserError CoordinatorRefused
 */
export async function ownWordFirst(coordinator: Records, cycleId: CycleId): Promise<void> {
  const agentId = callingAgent();
  if (agentId === undefined) return;
  const { answers } = await coordinator.explainDecision(cycleId);
  const own = answers.find((answer) => answer.agentId === agentId);
  if (own?.opinions.some(({ kind }) => kind === 'signal')) return;
  throw new UserError(
    ErrorName.coordinatorRefused,
    `The cycle ${cycleId} heard no signal of ${agentId}: an agent sees what others said of those cycles alone to which it has said something itself.`,
  );
}

/** The decision record as whoever calls may see it. */
export async function explained(coordinator: Records, cycleId: CycleId): Promise<object> {
  await ownWordFirst(coordinator, cycleId);
  const record = await coordinator.explainDecision(cycleId);
  if (callingAgent() === undefined) return record;
  const shown = Object.entries(record).filter(([key]) => SHOWN_TO_AGENTS.includes(key));
  return { ...Object.fromEntries(shown), summary: SUMMARY };
}
