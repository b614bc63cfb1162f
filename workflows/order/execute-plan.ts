import { CancellationScope, proxyActivities, setCurrentDetails, sleep } from '@temporalio/workflow';
import type { PlanActivities } from '../../activities/orders/plans.ts';
import type { OrderResult, PlanResult } from '../../contracts/cycle.ts';
import { type ExecutePlanInput, executePlanInputSchema } from '../../contracts/order.ts';
import { refusalIn } from '../../contracts/refusals.ts';
import type { LegId } from '../../domain/orders/ids.ts';
import { isReducing, type OrderLeg } from '../../domain/orders/orders.ts';
import type { RefusalCode } from '../../domain/orders/refusal.ts';
import type { PlanEnd } from '../../domain/portfolio/portfolio.ts';
import { onHalt } from '../halts.ts';
import { readInput } from '../input.ts';
import { cancelResting } from './cancel-resting.ts';
import { resultWithout } from './order-result.ts';
import { followOrder } from './start-order.ts';

/** Without end: what a failed plan opened is sold, or it is written why not. Each is idempotent by its key. */
const { planCompensation, settlePlan, dropLeg } = proxyActivities<PlanActivities>({
  startToCloseTimeout: '10s',
  heartbeatTimeout: '3s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

/** An order that is in the hands of its own workflow already, after a reset of this one, is followed by its books, however long it takes; so is one whose workflow was ended by hand. */
const books = proxyActivities<PlanActivities>({
  startToCloseTimeout: '1 day',
  heartbeatTimeout: '3s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

const LONGEST_PAUSE_MS = 30_000;

/** Refused by us or by the exchange. A limit order that the market left behind came to its end as meant. */
const failures: readonly OrderResult['state'][] = ['denied', 'rejected', 'void'];
/** A stop is no failure of the plan: it keeps what is held, unless a person wants it sold. */
const stops: readonly (RefusalCode | undefined)[] = ['TradingHalted', 'StaleEpoch'];

/**
 * A plan of linked legs, as a saga: one leg after the other, and when one fails, what the legs before it opened is closed again in reverse
 * order. Legs that are right each by itself need none. It has no time limit: a workflow that times out compensates nothing.
 */
export async function executePlan(given: ExecutePlanInput): Promise<PlanResult> {
  const input = readInput(executePlanInputSchema, given);
  return CancellationScope.nonCancellable(() => run(input));
}

async function run({ cycleId, legs, onLegFailure }: ExecutePlanInput): Promise<PlanResult> {
  let halted = false;
  onHalt(
    () => legs[0]?.epoch,
    () => {
      halted = true;
    },
  );
  const orders: OrderResult[] = [];
  const compensations: (() => Promise<string>)[] = [];
  let failure: OrderResult | undefined;

  for (const leg of legs) {
    if (halted || failure) {
      await dropLeg(leg.legId);
      orders.push(resultWithout(leg, 'initialized', halted ? 'stopped before it was sent' : 'an earlier leg failed'));
      continue;
    }
    // Registered before the call: whatever becomes of it, what it may have opened is known to be undone.
    compensations.push(() => compensate(leg, orders));
    const result = await followOrder(leg, books);
    orders.push(result);
    if (failures.includes(result.state)) {
      // Results of earlier releases have it in their words alone.
      const refusal = result.refusal ?? refusalIn(result.detail);
      if (stops.includes(refusal?.code)) halted = true;
      else failure = result;
    }
  }

  const result = await close(failure, halted);
  await settlePlan(result);
  setCurrentDetails(`**${result.end}**: ${result.detail}`);
  return result;

  async function close(failed: OrderResult | undefined, stopped: boolean): Promise<PlanResult> {
    const ended = (end: PlanEnd, detail: string): PlanResult => ({ cycleId, end, detail, orders });
    if (stopped) return ended('held', 'stopped on its way; what it opened is kept');
    if (!failed) return ended('done', `${legs.length} legs came to their end`);
    const why = `${failed.side} ${failed.symbol} was ${failed.state} (${failed.detail})`;
    if (onLegFailure === 'hold') return ended('held', `${why}; what the legs before it opened is kept, as configured`);
    const left: string[] = [];
    for (const undo of compensations.toReversed()) left.push(await undo());
    const held = left.filter((words) => words !== '');
    return held.length === 0
      ? ended('flat', `${why}; what the legs before it opened is closed again`)
      : ended('held', `${why}; ${held.join('; ')}`);
  }
}

/** Sells what the leg's fills brought in, try after try, until less is left than the exchange takes. Returns what stays held, and why. */
async function compensate(leg: OrderLeg, orders: OrderResult[]): Promise<string> {
  if (isReducing(leg.purpose)) return '';
  const cancelled = new Set<LegId>();
  for (let attempt = 1, tries = 1; ; tries += 1) {
    const compensation = await planCompensation(leg, attempt);
    if ('held' in compensation) return compensation.held;
    if ('wait' in compensation) await cancelResting(compensation.wait.resting ?? [], cancelled);
    if ('leg' in compensation) {
      attempt += 1;
      orders.push(await followOrder(compensation.leg, books));
    }
    if (tries > 1) await sleep(Math.min(LONGEST_PAUSE_MS, 250 * 2 ** Math.min(tries, 10)));
  }
}
