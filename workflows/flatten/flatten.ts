import {
  CancellationScope,
  continueAsNew,
  patched,
  proxyActivities,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { SellingActivities } from '../../activities/control/selling.ts';
import type { ExitActivities } from '../../activities/orders/exits.ts';
import type { FlattenResult } from '../../contracts/control.ts';
import { flattenInput } from '../../contracts/inputs.ts';
import { flattenWorkflowId } from '../../contracts/workflow-ids.ts';
import { decimal, sum, text } from '../../domain/money/money.ts';
import { readInput } from '../input.ts';
import { type Closing, closePosition } from '../protection/close-position.ts';

/** Without end: a person wants it sold. Mere looks. */
const { heldSymbols, isSellingOrdered } = proxyActivities<ExitActivities>({
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

/** Pauses between two looks at a symbol that is not traded now. */
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;
/** Events after which a selling that waits goes on in a new run. */
const LONG_HISTORY = 2_000;

interface SymbolEnd extends Closing {
  symbol: string;
  /** Goes on in the next run. */
  waits?: true;
}

/**
 * Sells everything that the account holds, symbol by symbol at once, and writes what it could not sell and why. A symbol that is not traded is
 * waited for, however long, until a resume: while trading is halted nobody else would sell it.
 */
export async function flatten(
  account: string,
  epoch: number,
  before?: Pick<FlattenResult, 'sold' | 'dust'>,
): Promise<FlattenResult> {
  readInput(flattenInput, { account, epoch, before });
  return CancellationScope.nonCancellable(async () => {
    const isFirst = before === undefined;
    const noted = isFirst && patched('selling-audited') ? [noteSelling(account, epoch)] : [];
    const [ends] = await Promise.all([sellAll(account, epoch), ...noted]);
    // An end with something held is looked at again by the next run, from its first order on.
    const isLast = !ends.some(({ waits }) => waits);
    const result = resultOf(isLast ? ends : ends.filter(({ held }) => !held), before);
    if (!isLast) {
      await continueAsNew<typeof flatten>(account, epoch, { sold: result.sold, dust: result.dust });
    }
    setCurrentDetails(
      `**sold** ${list(result.sold)}; dust ${list(result.dust)}; held ${result.held.map(({ symbol, reason }) => `${symbol}: ${reason}`).join(', ') || 'nothing'}`,
    );
    return result;
  });
}

async function sellAll(account: string, epoch: number): Promise<SymbolEnd[]> {
  const waiting = new Map<string, string>();
  return Promise.all(
    (await heldSymbols(account)).map(async (symbol) => ({
      symbol,
      ...(await sellSymbol({ account, epoch, symbol }, waiting)),
    })),
  );
}

/** @param waiting of all symbols, why they wait */
async function sellSymbol(
  { account, epoch, symbol }: { account: string; epoch: number; symbol: string },
  waiting: Map<string, string>,
): Promise<Omit<SymbolEnd, 'symbol'>> {
  const request = { account, symbol, purpose: 'flatten', key: flattenWorkflowId(account, epoch) } as const;
  const leavesUntraded = patched('selling-outlasts-pause');
  let [sold, attempt] = ['0', 1];
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    const closing = await closePosition({ ...request, attempt, patience: { ...PATIENCE, leavesUntraded } });
    sold = text(sum([decimal(sold), decimal(closing.sold)]));
    attempt = closing.attempt;
    if (!leavesUntraded || !closing.held?.untraded) return { ...closing, sold };

    waiting.set(symbol, closing.held.reason);
    describeWaiting(waiting);
    if (workflowInfo().historyLength > LONG_HISTORY) return { ...closing, sold, waits: true };
    await sleep(pauseMs);
    if (!(await isSellingOrdered(account, epoch))) return { ...closing, sold };
    waiting.delete(symbol);
    describeWaiting(waiting);
  }
}

function resultOf(ends: readonly SymbolEnd[], before: Pick<FlattenResult, 'sold' | 'dust'> | undefined): FlattenResult {
  return {
    sold: [
      ...(before?.sold ?? []),
      ...ends.flatMap(({ symbol, sold }) => (sold === '0' ? [] : [{ symbol, quantity: sold }])),
    ],
    dust: [
      ...(before?.dust ?? []),
      ...ends.flatMap(({ symbol, dust }) => (dust === '0' ? [] : [{ symbol, quantity: dust }])),
    ],
    held: ends.flatMap(({ symbol, held }) => (held ? [{ symbol, quantity: held.quantity, reason: held.reason }] : [])),
  };
}

function describeWaiting(waiting: ReadonlyMap<string, string>): void {
  const words = [...waiting].map(([symbol, reason]) => `${symbol}: ${reason}`).join('; ');
  setCurrentDetails(words === '' ? 'sells' : `**waits until it can sell** ${words}`);
}

function list(entries: readonly { symbol: string; quantity: string }[]): string {
  return entries.map(({ symbol, quantity }) => `${quantity} ${symbol}`).join(', ') || 'nothing';
}
