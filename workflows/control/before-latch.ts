import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { EmergencyStop, OpenOrder } from '../../contracts/control.ts';
import { ErrorName } from '../../contracts/errors.ts';
import { startFlatten } from './start-flatten.ts';

/** Messages, activities and answers as they were. */
interface ResumeRequest {
  reason: string;
  by: string;
}

interface TradingControlState {
  account: string;
  halted: boolean;
  epoch: number;
  reason: string;
  by: string;
  fenced: boolean;
  quiet: boolean;
  cancelled: OpenOrder[];
  remaining: OpenOrder[];
  journalId?: string;
}

type ControlActivities = {
  raiseHalt(request: { account: string; reason: string; by: string; requestId: string }): Promise<TradingControlState>;
  pauseTrading(account: string, reason: string): Promise<void>;
  haltWorkflows(account: string, epoch: number, reason: string): Promise<void>;
  sweepOrders(
    account: string,
  ): Promise<{ cancelled: OpenOrder[]; failed: unknown[]; remaining: OpenOrder[]; unresolved: string[] }>;
  reconcile(account: string): Promise<{ clean: boolean; differences: string[] }>;
  resumeTrading(account: string, expectedEpoch: number, request: ResumeRequest): Promise<TradingControlState>;
  readControl(account: string): Promise<TradingControlState>;
};

const emergencyStop = defineSignal<[EmergencyStop]>('emergencyStop');
const resume = defineUpdate<TradingControlState, [ResumeRequest]>('resume');
const settled = defineUpdate<TradingControlState>('settled');
const stateQuery = defineQuery<TradingControlState>('state');

/**
 * A stop is never given up: every step is idempotent by epoch and tried until it is done. A step whose worker died is noticed soon, since an
 * order of unknown end takes twelve of the fifteen seconds that a stop has.
 */
const { raiseHalt, pauseTrading, haltWorkflows, sweepOrders } = proxyActivities<ControlActivities>({
  startToCloseTimeout: '20s',
  heartbeatTimeout: '1500ms',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
});

/** A person waits for the answer. */
const { reconcile, resumeTrading, readControl } = proxyActivities<ControlActivities>({
  startToCloseTimeout: '10s',
  heartbeatTimeout: '3s',
  scheduleToCloseTimeout: '30s',
  retry: { initialInterval: '200ms', maximumAttempts: 5 },
});

export interface InputBeforeLatch {
  account: string;
  /** Requests that were seen in the runs before this one. */
  seen?: string[];
  /** Requests that were not carried out yet. */
  pending?: EmergencyStop[];
  /** What the run before this one knew. */
  known?: TradingControlState | undefined;
}

const REMEMBERED_REQUESTS = 200;
const SWEEP_PAUSE_MS = 250;

/**
 * Trading control as it was before the latch: for the histories of that time alone. The control worker puts a new one in the place of such a
 * run before it asks for its first task.
 */
export async function tradingControlBeforeLatch({
  account,
  seen = [],
  pending = [],
  known,
}: InputBeforeLatch): Promise<void> {
  const requests: EmergencyStop[] = [...pending];
  let stopping = false;
  let current = known;

  // Handlers are registered before the first await, so that a stop sent while no worker was up is the first thing seen.
  setHandler(emergencyStop, (request) => {
    requests.push({ ...request, requestId: request?.requestId ?? uuid4() });
  });
  setHandler(stateQuery, () => current ?? unknownState(account));
  setHandler(settled, async () => {
    const books = await readControl(account);
    adopt(books);
    await condition(() => current !== undefined && requests.length === 0 && !stopping);
    return { ...(current ?? unknownState(account)), ...(books.journalId ? { journalId: books.journalId } : {}) };
  });
  setHandler(resume, (request) => resumeAfterStop(request), {
    validator: (request) => {
      if (!current?.halted) throw ApplicationFailure.nonRetryable('trading is not halted', ErrorName.invalidInput);
      if (!request?.reason || !request.by) {
        throw ApplicationFailure.nonRetryable(
          'a resume needs a reason and a name: {"reason": "…", "by": "…"}',
          ErrorName.invalidInput,
        );
      }
    },
  });

  const become = (next: TradingControlState): TradingControlState => {
    current = next;
    describe(next);
    return next;
  };

  /** The halt row may have been raised without us, while Temporal was away: such a stop is still to be carried out. */
  function adopt(books: TradingControlState): void {
    if (books.epoch === current?.epoch) return;
    become(books);
    if (books.halted) requests.push({ reason: books.reason, by: books.by, requestId: haltRowId(books.epoch) });
  }

  async function resumeAfterStop(request: ResumeRequest): Promise<TradingControlState> {
    await condition(() => requests.length === 0 && !stopping);
    const { clean, differences } = await reconcile(account);
    if (!clean)
      throw ApplicationFailure.nonRetryable(
        `books and exchange differ: ${differences.join('; ')}`,
        ErrorName.invariantBroken,
      );
    return become(await resumeTrading(account, current?.epoch ?? 0, request));
  }

  async function carryOut({ reason, by, flatten }: EmergencyStop, requestId: string): Promise<void> {
    let state = become(
      await raiseHalt({ account, reason: reason ?? 'no reason given', by: by ?? 'unknown', requestId }),
    );
    seen.push(haltRowId(state.epoch));
    await pauseTrading(account, state.reason);
    for (let empty = 0; empty < 2; ) {
      await haltWorkflows(account, state.epoch, state.reason);
      const { cancelled, remaining, unresolved } = await sweepOrders(account);
      state = become({ ...state, cancelled: [...state.cancelled, ...cancelled], remaining });
      empty = [cancelled, remaining, unresolved].every((list) => list.length === 0) ? empty + 1 : 0;
      if (empty < 2) await sleep(SWEEP_PAUSE_MS);
    }
    become({ ...state, quiet: true });
    if (flatten === true) await startFlatten(account, state.epoch);
  }

  adopt(await readControl(account));
  while (!workflowInfo().continueAsNewSuggested) {
    await condition(() => requests.length > 0 || workflowInfo().continueAsNewSuggested);
    const request = requests.shift();
    if (!request) continue;
    const requestId = request.requestId ?? uuid4();
    if (seen.includes(requestId)) continue;
    seen.push(requestId);
    stopping = true;
    await CancellationScope.nonCancellable(() => carryOut(request, requestId));
    stopping = false;
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof tradingControlBeforeLatch>({
    account,
    seen: seen.slice(-REMEMBERED_REQUESTS),
    pending: requests,
    known: current,
  });
}

/** Stands for the request that raised the halt row, where it never reached us. */
function haltRowId(epoch: number): string {
  return `halt-row/${epoch}`;
}

function unknownState(account: string): TradingControlState {
  return {
    account,
    halted: false,
    epoch: 0,
    reason: 'starting',
    by: 'sapphire',
    fenced: false,
    quiet: false,
    cancelled: [],
    remaining: [],
  };
}

function describe({ account, halted, epoch, reason, by, fenced, quiet, cancelled }: TradingControlState): void {
  const words = halted
    ? `**halted** at epoch ${epoch} by ${by}: ${reason}. ${fenced ? 'Fenced' : 'Not fenced'}, ${quiet ? 'quiet' : 'not quiet yet'}; cancelled ${cancelled.length} orders.`
    : `**active** at epoch ${epoch}`;
  setCurrentDetails(`Account ${account}: ${words}`);
}
