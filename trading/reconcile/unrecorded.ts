import type { Configuration } from '../../contracts/config/schema.ts';
import type { CycleRecord, OrderResult } from '../../contracts/cycle.ts';
import { newDraft } from '../../contracts/cycle-draft.ts';
import { recordWorkflowId } from '../../contracts/workflow-ids.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { progressOf } from '../execute/progress.ts';
import type { CutCycle, Runs } from './missing.ts';

export interface UnrecordedTools {
  journal: Pick<Journal, 'control' | 'cycles' | 'intents' | 'ledger'>;
  runs: Pick<Runs, 'state' | 'cutCycles'>;
  configuration: Pick<Configuration, 'mode' | 'currency'>;
}

/** Each was looked at again and again by then. */
const LOOK_BACK_MS = 86_400_000;
/** What it had begun to write comes to its end. */
const SETTLED_MS = 10_000;
/** Newest first, among which its submissions are. */
const MOST_INTENTS = 1_000;

/**
 * Writes the record of each cycle that was cut short before it could: the worker that it was pinned to is gone, or somebody ended it. It holds
 * what the books know, its orders and fills as they are by then; what it saw and decided is lost.
 *
 * @returns the cycles' ids
 */
export async function recordCutCycles(tools: UnrecordedTools, account: string, now: number): Promise<CycleId[]> {
  const { journal, runs } = tools;
  const recorded: CycleId[] = [];
  let all: Promise<Intent[]> | undefined;
  for (const cut of await runs.cutCycles(now - LOOK_BACK_MS)) {
    if (cut.endedAt > now - SETTLED_MS || (await journal.cycles.find(cut.cycleId))) continue;
    all ??= journal.intents.list(account, MOST_INTENTS);
    const intents = (await all).filter(({ cycleId }) => cycleId === cut.cycleId);
    // Anybody may start one, with whatever input, and other books may have theirs on the same server: those are not ours to tell of.
    const isOurs = cut.account === account && cut.end !== 'failed';
    if (!isOurs && intents.length === 0) continue;
    // Whoever goes on with it, or with its record, knows more than the books.
    if ((await runs.state(cut.cycleId)) !== 'cut_short') continue;
    if ((await runs.state(recordWorkflowId(cut.cycleId))) === 'running') continue;
    const record = await recordOf(tools, account, cut, intents);
    await journal.cycles.record(record);
    metrics.cycles.inc({ outcome: record.outcome });
    metrics.cyclesMissed.inc();
    recorded.push(cut.cycleId);
  }
  return recorded;
}

async function recordOf(
  { journal, configuration: { mode, currency } }: UnrecordedTools,
  account: string,
  { cycleId, runId, startedAt, endedAt, end }: CutCycle,
  intents: readonly Intent[],
): Promise<CycleRecord> {
  // Of one that sent nothing nobody knows it any more.
  const epoch = intents[0]?.epoch ?? (await journal.control.read(account)).epoch;
  const orders = resultsOf(intents);
  const sent = orders.map(({ side, quantity, symbol, state }) => `${side} ${quantity} ${symbol} ${state}`);
  return {
    ...newDraft({ account, mode, epoch }, cycleId, runId, startedAt),
    outcome: 'DEGRADED',
    missed: true,
    summary: `cut short: it ended as ${end.replaceAll('_', ' ')} and left no record; ${sent.length > 0 ? sent.join(', ') : 'no order of it is known'}`,
    finishedAt: endedAt,
    orders,
    fills: await journal.ledger.fillsOfCycle(cycleId),
    equity: undefined,
    currency,
  };
}

function resultsOf(intents: readonly Intent[]): OrderResult[] {
  const legs = Map.groupBy(intents, ({ legId }) => legId);
  return [...legs.values()].flatMap((submissions) => {
    const past = submissions.toSorted((one, other) => one.submission - other.submission);
    const [first] = past;
    return first ? [progressOf(first, past).result] : [];
  });
}
