import type { OpenOrder, SweepFailure, SweepReport } from '../../contracts/control.ts';
import { mayBeOpen } from '../../domain/orders.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort } from '../orders/port.ts';
import { settleIntent } from '../orders/settle.ts';

/**
 * Cancels whatever the exchange holds open for the account, and takes each open submission's end into the books. One order that cannot be
 * cancelled keeps no other from it. Throws only when the exchange's open orders or the books cannot be read; may be repeated at any time.
 */
export async function sweepOrders(
  { journal, trading }: { journal: Pick<Journal, 'intents'>; trading: TradingPort },
  account: string,
): Promise<SweepReport> {
  const { cancelled, failed } = await cancelOpen(trading);
  const unresolved: string[] = [];
  for (const intent of await journal.intents.listOpen(account)) {
    const { symbol, intentId } = intent;
    const { state } = await settleIntent(journal, trading, intent).catch((error: unknown) => {
      failed.push({ symbol, intentId, reason: reasonOf(error) });
      return intent;
    });
    if (mayBeOpen(state)) unresolved.push(intentId);
  }
  return { cancelled, failed, remaining: await openAt(trading), unresolved };
}

/** The half of a sweep that needs no books. */
export async function cancelOpen(
  trading: Pick<TradingPort, 'openOrders' | 'cancel'>,
): Promise<{ cancelled: OpenOrder[]; failed: SweepFailure[] }> {
  const cancelled: OpenOrder[] = [];
  const failed: SweepFailure[] = [];
  for (const order of await openAt(trading)) {
    await trading.cancel(order.symbol, order.intentId).then(
      () => cancelled.push(order),
      (error: unknown) => failed.push({ ...order, reason: reasonOf(error) }),
    );
  }
  return { cancelled, failed };
}

export async function openAt(trading: Pick<TradingPort, 'openOrders'>): Promise<OpenOrder[]> {
  return (await trading.openOrders()).map(({ symbol, intentId }) => ({ symbol, intentId }));
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}
