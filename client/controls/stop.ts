import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, isGrpcDeadlineError, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import { signalStop } from '../../activities/control/ensure.ts';
import type { Via } from '../../contracts/audit.ts';
import type { FlattenResult, TradingControlState } from '../../contracts/control.ts';
import { flattenWorkflowId } from '../../contracts/workflow-ids.ts';
import { decimal } from '../../domain/money/money.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { atMost } from '../../trading/control/at-most.ts';
import { headStart, type Raising, raiseHalt } from '../../trading/control/raise.ts';
import { otherBooksRun } from './running-books.ts';
import { sentenceOf } from './words.ts';

const POLL_MS = 200;
const PROGRESS_MS = 2_000;
const QUERY_TIMEOUT_MS = 3_000;
const SILENT_MS = 4_000;
/** What is done by then, and what is not, is said while the stop goes on: within five seconds of the command, which takes one or two to begin. */
export const STANDING_MS = 2_500;
/** For the row's end, once all else has come to its own. */
const LAST_LOOK_MS = 1_000;
const SILENT =
  'Trading control does not answer: orders may stay open. "./sapphire stop --break-glass" cancels them without it; runbook deploy/runbooks/TradingControlSilent.md.';

export interface StopRequest {
  requestId: string;
  account: string;
  reason: string;
  by: string;
  via?: Via;
  flatten: boolean;
}

export interface StopTools {
  journal(): Promise<Pick<Journal, 'id' | 'control' | 'ledger'>>;
  temporal(): Promise<Client>;
  /** One short line per step. */
  onProgress(message: string): void;
  /** Once, where the stop takes longer: how far it has come, with what could not be done yet in its note. */
  onStanding(report: StopReport): void;
}

export interface StopReport {
  requestId: string;
  /** Missing while the stop is not fenced. */
  epoch: number | undefined;
  fenced: boolean;
  quiet: boolean;
  cancelled: TradingControlState['cancelled'];
  remaining: TradingControlState['remaining'];
  /** Missing where nothing was to be sold, or the selling has not come to its end. */
  flattened?: FlattenResult;
  note: string;
}

/**
 * The halt row first, which is the fence and needs no Temporal; then the signal, which cancels, verifies and sells. Each goes on without the
 * other: a signal alone fences as soon as a worker runs.
 */
export async function stopTrading(request: StopRequest, tools: StopTools, waitMs: number): Promise<StopReport> {
  const { requestId, account, reason, by, via, flatten } = request;
  const notes: string[] = [];
  const signal: Signal = { isSent: false, trouble: undefined };
  const report: StopReport = {
    requestId,
    epoch: undefined,
    fenced: false,
    quiet: false,
    cancelled: [],
    remaining: [],
    note: '',
  };
  const raising = raiseHalt(tools.journal, { requestId, account, reason, by, via, flatten }, ({ epoch }) => {
    Object.assign(report, { epoch, fenced: true });
    tools.onProgress(`fenced at epoch ${epoch}`);
  });
  const telling = setTimeout(() => {
    const note = report.fenced && report.quiet ? report.note : standing(report, raising, signal);
    tools.onStanding({ ...report, note });
  }, STANDING_MS);
  await headStart(raising);
  try {
    const client = await tools.temporal();
    const handle = await signalStop(client, account, { requestId, reason, by, ...(flatten ? { flatten } : {}) });
    signal.isSent = true;
    const until = performance.now() + waitMs;
    const own = (): string | undefined => raising.fenced?.books.id;
    await followStop(client, handle, report, request, { until, onProgress: tools.onProgress, signal, own });
    if (report.note) notes.push(report.note);
    if (!report.quiet)
      notes.push(`Not quiet after ${waitMs / 1_000} s: the stop goes on; "./sapphire status" shows it.`);
    if (flatten && report.epoch !== undefined) {
      const flattened = await followFlatten(client, account, report.epoch, tools, waitMs);
      if (flattened) report.flattened = flattened;
      else
        notes.push(
          `The selling has not come to its end after ${waitMs / 1_000} s and goes on; "./sapphire portfolio" shows what is held.`,
        );
    }
  } catch (error) {
    // Whatever went wrong, a person must still read whether the stop is fenced.
    notes.push(sentenceOf(error));
    if (!report.quiet) {
      notes.push(
        'What is open at the exchange may stay open until then: "./sapphire stop --break-glass" needs no Temporal.',
      );
    }
  }
  // A journal that takes the question and does not answer must not hold up what is to be said of the rest.
  await atMost(LAST_LOOK_MS, raising.decided);
  clearTimeout(telling);
  // Trading control may have written the row meanwhile.
  if (!report.fenced) {
    notes.unshift(`${unwritten(raising)}${signal.isSent ? ' Only the signal was sent.' : ''}`);
  }
  return { ...report, note: notes.join(' ') };
}

/** What became of the signal so far. */
interface Signal {
  isSent: boolean;
  /** Why nothing is quiet yet, in trading control's words; missing until it has answered. */
  trouble: readonly string[] | undefined;
}

function unwritten({ fault, fenced }: Raising<unknown>): string {
  if (fenced) return 'The halt row stands in other books than those that run.';
  return fault === undefined
    ? 'The halt row is not written yet: the journal does not answer.'
    : `The halt row could not be written: ${sentenceOf(fault)}`;
}

/** What is done so far and what is not, for who waits. */
function standing({ fenced, epoch, quiet }: StopReport, raising: Raising<unknown>, signal: Signal): string {
  const fence = fenced ? `Fenced at epoch ${epoch}.` : `NOT FENCED yet. ${unwritten(raising)}`;
  return quiet ? fence : `${fence} ${unquiet(signal)}`;
}

function unquiet({ isSent, trouble }: Signal): string {
  if (!isSent) return 'Temporal has not taken the signal yet: what is open at the exchange stays open.';
  if (trouble === undefined)
    return 'The signal is sent, and trading control has not answered: it fences and cancels as soon as it can.';
  return trouble.length > 0
    ? `Not quiet yet: ${trouble.join('; ')}`
    : 'Not quiet yet: trading control cancels what is open and looks twice.';
}

/** Writes what trading control says into the report until it is quiet. Another stop that came later stands for this one too. */
async function followStop(
  client: Client,
  handle: WorkflowHandle,
  report: StopReport,
  { reason }: StopRequest,
  {
    until,
    onProgress,
    signal,
    own,
  }: {
    until: number;
    onProgress: (message: string) => void;
    signal: Signal;
    /** Id of the journal whose halt row was written. */
    own: () => string | undefined;
  },
): Promise<void> {
  let silentSince = performance.now();
  const told = new Set<string>();
  const tell = (words: string): void => {
    if (!told.has(words)) onProgress(words);
    told.add(words);
  };
  while (!report.quiet && performance.now() < until) {
    const state = await client
      .withDeadline(Date.now() + QUERY_TIMEOUT_MS, () => handle.query<TradingControlState>('state'))
      .catch(() => undefined);
    if (state) silentSince = performance.now();
    else if (performance.now() > silentSince + SILENT_MS) tell(SILENT);
    const here = own();
    const others = here !== undefined && state?.journalId !== undefined && state.journalId !== here;
    if (others) {
      // An epoch of other books says nothing of those that run.
      Object.assign(report, { epoch: undefined, fenced: false, note: otherBooksRun(here, state.journalId ?? '') });
      tell(report.note);
    }
    const ours =
      state && (report.epoch === undefined ? state.halted && state.reason === reason : state.epoch >= report.epoch);
    if (ours) {
      const { epoch, fenced, quiet, cancelled, remaining } = state;
      Object.assign(report, { epoch, fenced: fenced || report.fenced, quiet, cancelled, remaining });
    }
    if (state) signal.trouble = state.trouble;
    for (const words of state?.trouble ?? []) tell(`not yet: ${words}`);
    if (!report.quiet) await sleep(POLL_MS);
  }
  if (!report.quiet && told.has(SILENT)) report.note = SILENT;
}

/**
 * The end of the selling, or nothing when it takes longer than this. It is asked for look by look: a question that waits at the server for the
 * end would outlive the connection and end the whole command with an error of its own.
 */
async function followFlatten(
  client: Client,
  account: string,
  epoch: number,
  { journal, onProgress }: StopTools,
  waitMs: number,
): Promise<FlattenResult | undefined> {
  const end = performance.now() + waitMs;
  const handle = client.workflow.getHandle<() => Promise<FlattenResult>>(flattenWorkflowId(account, epoch));
  for (let tellAt = performance.now() + PROGRESS_MS; performance.now() < end; ) {
    if (await hasEnded(client, handle)) return handle.result();
    if (performance.now() >= tellAt) {
      onProgress(`selling: ${await heldWords(journal, account)}`);
      tellAt = performance.now() + PROGRESS_MS;
    }
    await sleep(Math.min(POLL_MS, Math.max(1, end - performance.now())));
  }
  return undefined;
}

async function hasEnded(client: Client, handle: WorkflowHandle): Promise<boolean> {
  try {
    const { status } = await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () => handle.describe());
    return status.name !== 'RUNNING';
  } catch (error) {
    // Trading control starts it once the stop is fenced; a server that is slow to answer is asked again.
    if (error instanceof WorkflowNotFoundError || isGrpcDeadlineError(error)) return false;
    throw error;
  }
}

async function heldWords(journal: StopTools['journal'], account: string): Promise<string> {
  const positions = await (await journal()).ledger.positions(account);
  const held = positions.filter(({ quantity }) => !decimal(quantity).isZero());
  return held.map(({ quantity, symbol }) => `${quantity} ${symbol} left`).join(', ') || 'nothing left';
}
