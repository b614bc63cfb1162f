import { CancellationScope, proxyActivities, setCurrentDetails, sleep } from '@temporalio/workflow';
import type { ExitActivities } from '../../activities/orders/exits.ts';
import type { PlanActivities } from '../../activities/orders/plans.ts';
import type { FlattenResult } from '../../contracts/control.ts';
import { flattenWorkflowId } from '../../contracts/workflow-ids.ts';
import { decimal, text, ZERO } from '../../domain/money.ts';
import type { OrderLeg } from '../../domain/orders.ts';
import { startOrder } from '../order/start-order.ts';

/** Without end: a person wants it sold. Each is idempotent by its key. */
const { heldSymbols, planExit } = proxyActivities<ExitActivities>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

/** An order that is in the hands of its own workflow already, after a reset of this one. */
const { awaitLeg } = proxyActivities<PlanActivities>({
  startToCloseTimeout: '1 day',
  heartbeatTimeout: '3s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

const LONGEST_PAUSE_MS = 10_000;
/** Orders that another one holds its base from are waited for this often, then it is written who keeps it. */
const PATIENCE = 20;

/** Sells everything that the account holds, symbol by symbol at once, and writes what it could not sell and why. */
export async function flatten(account: string, epoch: number): Promise<FlattenResult> {
  return CancellationScope.nonCancellable(async () => {
    const key = flattenWorkflowId(account, epoch);
    const ends = await Promise.all((await heldSymbols(account)).map((symbol) => sell(account, symbol, key)));
    const result: FlattenResult = {
      sold: ends.flatMap(({ symbol, sold }) => (sold === '0' ? [] : [{ symbol, quantity: sold }])),
      dust: ends.flatMap(({ symbol, dust }) => (dust === '0' ? [] : [{ symbol, quantity: dust }])),
      held: ends.flatMap(({ symbol, held }) => (held ? [{ symbol, ...held }] : [])),
    };
    setCurrentDetails(
      `**sold** ${list(result.sold)}; dust ${list(result.dust)}; held ${result.held.map(({ symbol, reason }) => `${symbol}: ${reason}`).join(', ') || 'nothing'}`,
    );
    return result;
  });
}

interface End {
  symbol: string;
  sold: string;
  dust: string;
  held?: { quantity: string; reason: string };
}

async function sell(account: string, symbol: string, key: string): Promise<End> {
  let sold = ZERO;
  for (let attempt = 1, waits = 0, tries = 1; ; tries += 1) {
    const exit = await planExit({ account, symbol, purpose: 'flatten', key, attempt });
    if ('over' in exit) return { symbol, sold: text(sold), dust: exit.over.dust };
    if ('leg' in exit) {
      attempt += 1;
      sold = sold.plus(decimal(await filled(exit.leg)));
    } else {
      waits += 1;
      if (waits > PATIENCE) return { symbol, sold: text(sold), dust: '0', held: exit.wait };
    }
    if (tries > 1) await sleep(Math.min(LONGEST_PAUSE_MS, 250 * 2 ** Math.min(tries, 10)));
  }
}

async function filled(leg: OrderLeg): Promise<string> {
  const handle = await startOrder(leg);
  const { filledQuantity } = handle ? await handle.result() : await awaitLeg(leg);
  return filledQuantity;
}

function list(entries: readonly { symbol: string; quantity: string }[]): string {
  return entries.map(({ symbol, quantity }) => `${quantity} ${symbol}`).join(', ') || 'nothing';
}
