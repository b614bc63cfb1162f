import { type Decimal, decimal, type Money, min, text, ZERO } from '../../../domain/money/money.ts';
import { type CycleId, type LegId } from '../../../domain/orders/ids.ts';
import type { Fill } from '../../../domain/orders/orders.ts';
import { baseOf, quoteOf } from '../../../domain/portfolio/position.ts';
import type { BookedFill } from '../books/ledger.ts';
import { readVenue } from './accounts.ts';
import type { Transaction } from './database.ts';
import { bookOnPosition, payThirdFee } from './positions.ts';
import { openReservation, type Posting, post } from './postings.ts';
import { countTrade } from './trading-day.ts';
import { noteBought } from './upheld-views.ts';

/** What an order's fills belong to. */
export interface FillOwner {
  legId: LegId;
  cycleId: CycleId;
  correlationId: string;
}

/** Books one fill, unless it was booked before under (venue, account, symbol, trade id, order). */
export async function bookFill(transaction: Transaction, fill: Fill, owner: FillOwner): Promise<boolean> {
  const { legId, cycleId, correlationId } = owner;
  const inserted = await transaction.run(
    `INSERT INTO fills (venue, account, symbol, trade_id, intent_id, leg_id, cycle_id, side, price, quantity, fee, fee_asset, liquidity,
       filled_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    fill.venue,
    fill.account,
    fill.symbol,
    fill.tradeId,
    fill.intentId,
    legId,
    cycleId,
    fill.side,
    fill.price,
    fill.quantity,
    fill.fee,
    fill.feeAsset,
    fill.liquidity,
    fill.filledAt,
  );
  if (inserted === 0) return false;
  const venue = await readVenue(transaction, fill.account);
  if (fill.venue !== venue) throw new Error(`a fill at ${fill.venue} is none of ${fill.account}, which is at ${venue}`);

  await countTrade(transaction, fill);
  if (fill.side === 'buy') await noteBought(transaction, fill.account, fill.symbol, fill.filledAt);
  const key = `fill/${fill.venue}/${fill.account}/${fill.symbol}/${fill.tradeId}/${fill.intentId}`;
  const thirdFee = await payThirdFee(transaction, fill);
  const realizedPnl = await bookOnPosition(transaction, fill, legId, thirdFee?.cost);
  await post(transaction, key, 'fill', fill.account, await fillPostings(transaction, fill, legId, thirdFee?.ofDust));
  const feeCost = thirdFee?.isKnown && { feeCost: text<Money>(thirdFee.cost) };
  const payload: BookedFill = { ...fill, legId, realizedPnl, ...feeCost };
  await transaction.emit({ eventId: key, kind: 'fill.booked', cycleId, correlationId, payload });
  return true;
}

async function fillPostings(transaction: Transaction, fill: Fill, legId: LegId, ofDust = ZERO): Promise<Posting[]> {
  const base = baseOf(fill.symbol);
  const quote = quoteOf(fill.symbol);
  const quantity = decimal(fill.quantity);
  const value = quantity.times(fill.price);
  const [paid, paidAmount, received, receivedAmount] =
    fill.side === 'buy' ? [quote, value, base, quantity] : [base, quantity, quote, value];
  return [
    ...(await outflow(transaction, legId, paid, paidAmount)),
    { book: 'market', asset: paid, amount: paidAmount },
    { book: 'market', asset: received, amount: receivedAmount.negated() },
    { book: 'free', asset: received, amount: receivedAmount },
    // A fee in the received asset comes out of what was just received, any other out of what is held.
    { book: 'free', asset: fill.feeAsset, amount: ofDust.minus(fill.fee) },
    { book: 'dust', asset: fill.feeAsset, amount: ofDust.negated() },
    { book: 'fees', asset: fill.feeAsset, amount: decimal(fill.fee) },
  ];
}

/** Takes what was paid from the leg's reservation first, and the rest, of a fill that came after the release, from free. */
async function outflow(transaction: Transaction, legId: LegId, asset: string, amount: Decimal): Promise<Posting[]> {
  const reservation = await openReservation(transaction, legId);
  const held = reservation?.asset === asset ? min(amount, reservation.remaining) : ZERO;
  if (reservation && !held.isZero()) {
    await transaction.run(
      'UPDATE reservations SET remaining = ? WHERE leg_id = ?',
      text(reservation.remaining.minus(held)),
      legId,
    );
  }
  return [
    { book: 'reserved', asset, amount: held.negated() },
    { book: 'free', asset, amount: held.minus(amount) },
  ];
}
