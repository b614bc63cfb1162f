import type { LegProgress } from '../../contracts/order.ts';
import { intentId as intentIdOf } from '../../contracts/workflow-ids.ts';
import { isTerminal, type OrderLeg } from '../../domain/orders/orders.ts';
import { intentOf, type OrderTools, tellProgress } from './order-tools.ts';
import { settleIntent } from './settle.ts';

/**
 * Cancels what may rest and takes the order's end into the books. Repeat-safe. On a symbol that the exchange lists no more nothing can be
 * cancelled or asked for: the order is unresolved until a person books it out, or the symbol is listed again.
 *
 * @throws Error where its end is not known yet
 */
export async function cancelOrder(
  tools: Omit<OrderTools, 'events' | 'clock'>,
  leg: OrderLeg,
  submission: number,
): Promise<LegProgress> {
  const { journal, trading } = tools;
  const intentId = intentIdOf(leg.legId, submission);
  if (isTerminal((await intentOf(tools, intentId)).state)) return tellProgress(tools, 'order is over', leg);
  if (trading.listing(leg.symbol) === 'unlisted') {
    const detail = `the exchange lists no ${leg.symbol}: its end cannot be asked for until a person books it out`;
    // Listed again it is concluded as any that had been there.
    const sendBy = await trading.exchangeTime();
    await journal.intents.report({ intentId, state: 'unresolved', sendBy, detail, fills: [] });
    throw new Error(`${intentId}: ${detail}`);
  }
  await journal.intents.report({ intentId, state: 'pending_cancel', fills: [] });
  await trading.cancel(leg.symbol, intentId);
  const intent = await settleIntent(journal, trading, await intentOf(tools, intentId));
  if (!isTerminal(intent.state)) throw new Error(`${intentId} is still ${intent.state} after its cancel`);
  return tellProgress(tools, 'order cancelled', leg);
}
