import {
  ActivityCancellationType,
  CancellationScope,
  makeContinueAsNewFunc,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { ProtectionActivities, Watched, WatchRequest } from '../../activities/protection/index.ts';
import {
  type ProtectionResult,
  type ProtectionState,
  type ProtectPositionInput,
  protectPositionInputSchema,
} from '../../contracts/protection.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { decimal, type Price, text } from '../../domain/money/money.ts';
import { barriersOf, highestOf } from '../../domain/protection/protection.ts';
import { readInput } from '../input.ts';
import { lookAgain, protection } from '../messages.ts';
import { closePosition } from './close-position.ts';

/** A look at the journal, until it answers: without it nothing is protected. */
const { readGuard } = proxyActivities<ProtectionActivities>({
  startToCloseTimeout: '5s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
});

/**
 * Ends by itself after ten minutes. Tried without end: only the heartbeat tells a dead worker from a quiet market, and the next attempt goes
 * on from its highest price. TRY_CANCEL: the time limit does not wait for the watcher.
 */
const { watchPosition } = proxyActivities<ProtectionActivities>({
  startToCloseTimeout: '12 minutes',
  heartbeatTimeout: '5s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
});

/** After this the position is looked at anew, and the workflow may go on in a new run. */
const PATIENCE = { waits: 20, orders: 20 };
/** What a closing left is in the hands of another order, or at the mercy of a market that takes nothing: a moment later may be different. */
const LEFT_PAUSE_MS = 5_000;

/** For people; what is compared is not rounded. */
const SHOWN_DIGITS = 8;

type Memory = NonNullable<ProtectPositionInput['memory']>;

/**
 * The protective exits of what is held of a symbol, from its first fill until it is flat. A halt does not end them: they only reduce.
 */
export async function protectPosition(given: ProtectPositionInput): Promise<ProtectionResult> {
  const { account, symbol, memory } = readInput(protectPositionInputSchema, given);
  let state: ProtectionState = { account, symbol, barriers: {} };
  let known = memory;
  let closed: ProtectionResult['closed'];
  let closing: number | undefined;
  let asked = false;
  setHandler(lookAgain, () => {
    asked = true;
  });
  setHandler(protection, () => state);
  const become = (next: ProtectionState): void => {
    state = next;
    describe(next);
  };

  for (;;) {
    asked = false;
    const { holding, settings } = await readGuard(account, symbol);
    if (!holding || !settings) {
      become({ account, symbol, barriers: {} });
      // A holding that was opened since the look.
      if (asked) continue;
      return { symbol, end: holding ? 'off' : closed ? 'closed' : 'flat', ...(closed ? { closed } : {}) };
    }
    if (closing === holding.openedAt) await sleep(LEFT_PAUSE_MS);
    closing = undefined;

    const entry: Memory =
      known?.openedAt === holding.openedAt
        ? { ...known, highest: highestOf(known.highest, holding.averageCost) }
        : { openedAt: holding.openedAt, highest: holding.averageCost, attempt: 1 };
    const barriers = barriersOf(settings, holding, entry.highest);
    become({ account, symbol, holding, highest: entry.highest, barriers });
    const watched = await watch({ account, symbol, holding, settings, highest: entry.highest }, barriers.closesAt);
    known = { ...entry, highest: watched.highest };

    if (watched.end === 'hit' || watched.end === 'dust') {
      if (watched.end === 'hit') become({ ...state, highest: watched.highest, closing: watched.barrier });
      const key = `protect/${symbol}/${holding.openedAt}`;
      const { attempt: next } = entry;
      const triggeredAt = watched.end === 'hit' ? watched.hitAt : undefined;
      const request = { account, symbol, purpose: 'protect', key, attempt: next, patience: PATIENCE } as const;
      // What began to be sold is sold, and what comes of it is known.
      const { attempt, sold, dust } = await CancellationScope.nonCancellable(() =>
        closePosition({ ...request, ...(triggeredAt === undefined ? {} : { triggeredAt }) }),
      );
      known = { ...known, attempt };
      if (watched.end === 'hit') closed = { barrier: watched.barrier, sold, dust };
      closing = holding.openedAt;
    }
    const { continueAsNewSuggested, taskQueue } = workflowInfo();
    // One that the release before began elsewhere moves to where exits are served.
    const isElsewhere = taskQueue !== TaskQueue.control && patched('exits-move');
    if (continueAsNewSuggested || isElsewhere) {
      const goOn = makeContinueAsNewFunc<typeof protectPosition>({ taskQueue: TaskQueue.control });
      await goOn({ account, symbol, memory: known });
    }
  }
}

/** The watcher against the time limit: whoever is first, the other one is cancelled. */
async function watch(request: WatchRequest, closesAt: number | undefined): Promise<Watched> {
  const race = new CancellationScope();
  try {
    return await race.run(() =>
      Promise.race([watchPosition(request), ...(closesAt === undefined ? [] : [timeLimit(closesAt, request.highest)])]),
    );
  } finally {
    race.cancel();
  }
}

async function timeLimit(closesAt: number, highest: Price): Promise<Watched> {
  await sleep(Math.max(0, closesAt - Date.now()));
  return { end: 'hit', barrier: 'time_limit', highest, hitAt: closesAt };
}

function describe({ symbol, holding, barriers, closing }: ProtectionState): void {
  if (!holding) {
    setCurrentDetails(`${symbol}: nothing is held`);
    return;
  }
  const { stopLoss, trailingStop, takeProfit, closesAt } = barriers;
  const shown = (price: Price): string => text(decimal(price).toSignificantDigits(SHOWN_DIGITS));
  const words = [
    stopLoss && `stop loss ${shown(stopLoss)}`,
    trailingStop && `trailing stop ${shown(trailingStop)} or higher`,
    takeProfit && `take profit ${shown(takeProfit)}`,
    closesAt !== undefined && `until ${new Date(closesAt).toISOString()}`,
  ].filter(Boolean);
  const now = closing ? ` **Selling: ${closing}.**` : '';
  setCurrentDetails(`${holding.quantity} ${symbol} at ${shown(holding.averageCost)}: ${words.join(', ')}.${now}`);
}
