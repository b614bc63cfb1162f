import { tagged } from '../../../domain/money/tagged.ts';
import type { OrderLeg } from '../../../domain/orders/orders.ts';
import type { Intent, UnsentOrder } from '../books/intents.ts';
import type { Transaction } from './database.ts';
import { findIntent, insertIntent } from './intent-rows.ts';
import { findReservedLeg } from './postings.ts';

/** At the exchange it may rest: who settles it finds out, and cancels what still does. */
export async function recoverOrder(transaction: Transaction, order: UnsentOrder): Promise<Intent> {
  const { intentId, legId, submission, quantity, limitPrice } = order;
  const known = await findIntent(transaction, intentId);
  if (known) return known;
  const leg = (await findReservedLeg(transaction, legId)) ?? legOf(order);
  const terms = { submission, type: 'limit', quantity, limitPrice, timeInForce: 'GTC', restMs: 0 } as const;
  const detail = 'found at the exchange: these books did not send it';
  return insertIntent(transaction, leg, terms, 'accepted', 0, detail);
}

/** What it was for went with the books that sent it. No cycle of theirs is named: these have no record of it. */
function legOf({ legId, account, symbol, side, quantity, limitPrice }: UnsentOrder): OrderLeg {
  const cycleId = `recovered/${legId}`;
  return {
    legId,
    cycleId: tagged(cycleId),
    correlationId: cycleId,
    account,
    symbol,
    side,
    purpose: 'recovered',
    type: 'limit',
    quantity,
    limitPrice,
    timeInForce: 'GTC',
    restMs: 0,
    working: { style: 'once' },
    minNotional: tagged('0'),
    epoch: 0,
  };
}
