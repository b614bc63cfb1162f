import { CancellationScope, patched, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { SellingActivities } from '../../activities/control/selling.ts';
import type { ExitActivities } from '../../activities/orders/exits.ts';
import type { FlattenResult } from '../../contracts/control.ts';
import { flattenInput } from '../../contracts/inputs.ts';
import { flattenWorkflowId } from '../../contracts/workflow-ids.ts';
import { readInput } from '../input.ts';
import { type Closing, closePosition } from '../protection/close-position.ts';

/** Without end: a person wants it sold. A mere look. */
const { heldSymbols } = proxyActivities<ExitActivities>({
  startToCloseTimeout: '10s',
  heartbeatTimeout: '3s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

/** Asked until the journal answers: it plans the orders as well. */
const { noteSelling } = proxyActivities<SellingActivities>({
  startToCloseTimeout: '10s',
  heartbeatTimeout: '3s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

/** About three minutes of waiting for another order's base, and half an hour of orders that sell nothing: then it is written who keeps what. */
const PATIENCE = { waits: 20, orders: 200 };

/** Sells everything that the account holds, symbol by symbol at once, and writes what it could not sell and why. */
export async function flatten(account: string, epoch: number): Promise<FlattenResult> {
  readInput(flattenInput, { account, epoch });
  return CancellationScope.nonCancellable(async () => {
    const noted = patched('selling-audited') ? [noteSelling(account, epoch)] : [];
    const [result] = await Promise.all([sellAll(account, epoch), ...noted]);
    setCurrentDetails(
      `**sold** ${list(result.sold)}; dust ${list(result.dust)}; held ${result.held.map(({ symbol, reason }) => `${symbol}: ${reason}`).join(', ') || 'nothing'}`,
    );
    return result;
  });
}

async function sellAll(account: string, epoch: number): Promise<FlattenResult> {
  const request = { account, purpose: 'flatten', key: flattenWorkflowId(account, epoch), attempt: 1 } as const;
  const ends = await Promise.all(
    (await heldSymbols(account)).map(async (symbol): Promise<Closing & { symbol: string }> => {
      return { symbol, ...(await closePosition({ ...request, symbol, patience: PATIENCE })) };
    }),
  );
  return {
    sold: ends.flatMap(({ symbol, sold }) => (sold === '0' ? [] : [{ symbol, quantity: sold }])),
    dust: ends.flatMap(({ symbol, dust }) => (dust === '0' ? [] : [{ symbol, quantity: dust }])),
    held: ends.flatMap(({ symbol, held }) => (held ? [{ symbol, ...held }] : [])),
  };
}

function list(entries: readonly { symbol: string; quantity: string }[]): string {
  return entries.map(({ symbol, quantity }) => `${quantity} ${symbol}`).join(', ') || 'nothing';
}
