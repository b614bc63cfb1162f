import { UserError } from '../../../contracts/errors.ts';
import { type Decimal, type DecimalText, decimal, text, ZERO } from '../../../domain/money/money.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { LegId } from '../../../domain/orders/ids.ts';
import type { Fill } from '../../../domain/orders/orders.ts';
import { giveUp, payFee, receive } from '../../../domain/portfolio/holding.ts';
import type { BookedPosition, Position } from '../../../domain/portfolio/portfolio.ts';
import { applyFill, baseOf, flatPosition, isRemnant, quoteOf } from '../../../domain/portfolio/position.ts';
import { sellable } from '../../../domain/protection/exits.ts';
import type { LedgerBook } from '../books/ledger.ts';
import { VENUE_OF_ACCOUNT } from './accounts.ts';
import type { Row, Sql, Transaction } from './database.ts';
import { balanceOf, findReservedLeg, post } from './postings.ts';

function toPosition(row: Row): BookedPosition {
  return {
    symbol: String(row['symbol']),
    quantity: tagged(String(row['quantity'])),
    averageCost: tagged(String(row['average_cost'])),
    realizedPnl: tagged(String(row['realized_pnl'])),
    dust: tagged(String(row['dust'])),
    dustCost: tagged(String(row['dust_cost'])),
    openedAt: Number(row['opened_at']),
  };
}

export async function readStored(sql: Sql, account: string, symbol: string): Promise<BookedPosition> {
  const row = await sql.row('SELECT * FROM positions WHERE account = ? AND symbol = ?', account, symbol);
  return row ? toPosition(row) : { ...flatPosition(symbol), dustCost: text(ZERO) };
}

export async function readPosition(sql: Sql, account: string, symbol: string): Promise<Position> {
  const { dustCost: _cost, ...position } = await readStored(sql, account, symbol);
  return position;
}

export async function readPositions(sql: Sql, account: string): Promise<BookedPosition[]> {
  const rows = await sql.rows('SELECT * FROM positions WHERE account = ? ORDER BY symbol', account);
  return rows.map(toPosition);
}

export async function writeStored(transaction: Transaction, account: string, position: BookedPosition): Promise<void> {
  await transaction.run(
    `INSERT INTO positions (account, venue, symbol, quantity, average_cost, realized_pnl, dust, dust_cost, opened_at)
     VALUES (?, ${VENUE_OF_ACCOUNT}, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (account, symbol, venue) DO UPDATE SET quantity = excluded.quantity, average_cost = excluded.average_cost,
       realized_pnl = excluded.realized_pnl, dust = excluded.dust, dust_cost = excluded.dust_cost, opened_at = excluded.opened_at`,
    account,
    account,
    position.symbol,
    position.quantity,
    position.averageCost,
    position.realizedPnl,
    position.dust,
    position.dustCost,
    position.openedAt,
  );
}

/**
 * What is paid in joins the position, or the dust, at its worth of that moment; what is paid out leaves it as if it were sold for its worth.
 * Returns what that realised, in the quote currency.
 *
 * @param value of what moved, with its sign
 * @throws {UserError} `NotHeld`
 */
export async function movePosition(
  transaction: Transaction,
  account: string,
  {
    symbol,
    ofFree,
    ofDust,
    value,
    at,
  }: { symbol: string; ofFree: Decimal; ofDust: Decimal; value: Decimal; at: number },
): Promise<DecimalText> {
  const stored = await readStored(transaction, account, symbol);
  const dust = ofDust.plus(stored.dust);
  if (ofFree.isNegative() && ofFree.plus(stored.quantity).isNegative()) {
    throw new UserError(
      'NotHeld',
      `The position in ${symbol} is ${stored.quantity}: ${text(ofFree.negated())} cannot leave it.`,
    );
  }
  const after = ofFree.plus(ofDust).isNegative() ? leave() : comeIn();
  await writeStored(transaction, account, after);
  return text(decimal(after.realizedPnl).minus(stored.realizedPnl));

  function comeIn(): BookedPosition {
    if (ofDust.isZero()) return receive(stored, ofFree, value, at);
    return { ...stored, dust: text(dust), dustCost: text(value.plus(stored.dustCost)) };
  }

  function leave(): BookedPosition {
    const { after: rest, cost } = giveUp(stored, ofFree.negated());
    const dustCost = ofDust.isZero() ? ZERO : ofDust.negated().times(stored.dustCost).div(stored.dust);
    const realizedPnl = decimal(rest.realizedPnl).minus(value).minus(cost).minus(dustCost);
    return {
      ...rest,
      dust: text(dust),
      dustCost: text(decimal(stored.dustCost).minus(dustCost)),
      realizedPnl: text(realizedPnl),
    };
  }
}

/**
 * A fee in an asset that is neither of the fill's two leaves the position in that asset, and the fill's own position bears what it had cost.
 *
 * @returns that cost in the quote currency, how much of the fee was dust, and whether all of it was held, without which its cost is not known;
 *   undefined where the fee is of the fill's own assets
 */
export async function payThirdFee(
  transaction: Transaction,
  { account, symbol, feeAsset, fee, filledAt }: Fill,
): Promise<{ cost: Decimal; ofDust: Decimal; isKnown: boolean } | undefined> {
  if (feeAsset === baseOf(symbol) || feeAsset === quoteOf(symbol) || decimal(fee).isZero()) return undefined;
  const stored = await readStored(transaction, account, `${feeAsset}/${quoteOf(symbol)}`);
  const { after, cost, ofDust, missing } = payFee(stored, decimal(fee), filledAt);
  await writeStored(transaction, account, after);
  return { cost, ofDust, isKnown: missing.isZero() };
}

/**
 * A buy takes the symbol's dust back into the position, at the cost that it took along. So does a sale that takes more than the position holds,
 * its fee in the base asset included: one that was heard of after what it sold had been swept, or whose fee was paid from dust. A holding of
 * which only what cannot be sold was left begins anew with the next order that buys. Returns what the fill gained.
 */
export async function bookOnPosition(
  transaction: Transaction,
  fill: Fill,
  legId: LegId,
  thirdFee: Decimal | undefined,
): Promise<DecimalText> {
  const { account, symbol } = fill;
  const stored = await readStored(transaction, account, symbol);
  const leaves = decimal(fill.quantity).plus(fill.feeAsset === baseOf(symbol) ? fill.fee : ZERO);
  const joins = fill.side === 'buy' || leaves.greaterThan(stored.quantity);
  const before = joins ? await takeDustBack(transaction, account, stored, fill) : stored;
  const after: BookedPosition = { ...applyFill(before, fill, thirdFee) };
  if (await beginsAnew(transaction, before, fill, legId)) after.openedAt = fill.filledAt;
  await writeStored(transaction, account, after);
  const gain = decimal(after.realizedPnl).minus(stored.realizedPnl);
  if (fill.side === 'sell') {
    await transaction.run(
      `INSERT INTO closed_trades (leg_id, account, symbol, realized_pnl, closed_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (leg_id) DO UPDATE SET realized_pnl = ?, closed_at = excluded.closed_at`,
      legId,
      account,
      symbol,
      text(gain),
      fill.filledAt,
      text(gain.plus(await realizedBy(transaction, legId))),
    );
  }
  return text(gain);
}

async function beginsAnew(sql: Sql, before: Position, { side, price }: Fill, legId: LegId): Promise<boolean> {
  if (side === 'sell') return false;
  const leg = await findReservedLeg(sql, legId);
  if (!leg || !isRemnant(before, price, leg.minNotional)) return false;
  // The first fill of an order may itself be less than the exchange takes: the holding began with it all the same.
  const fills = await sql.row('SELECT count(*) AS n FROM fills WHERE leg_id = ?', legId);
  return Number(fills?.['n']) === 1;
}

async function realizedBy(sql: Sql, legId: LegId) {
  const row = await sql.row('SELECT realized_pnl FROM closed_trades WHERE leg_id = ?', legId);
  return row ? decimal(String(row['realized_pnl'])) : ZERO;
}

async function takeDustBack(
  transaction: Transaction,
  account: string,
  stored: BookedPosition,
  fill: Fill,
): Promise<BookedPosition> {
  const dust = decimal(stored.dust);
  if (dust.isZero()) return stored;
  const asset = baseOf(stored.symbol);
  await post(transaction, `dust-back/${fill.symbol}/${fill.tradeId}/${fill.intentId}`, 'dust', account, [
    { book: 'dust', asset, amount: dust.negated() },
    { book: 'free', asset, amount: dust },
  ]);
  const joined = receive(stored, dust, decimal(stored.dustCost), fill.filledAt);
  return { ...joined, dust: text(ZERO), dustCost: text(ZERO) };
}

/** Its cost goes along, so that it is neither gain nor loss. Returns what was moved under this reference, by an earlier call too. */
export async function sweepDust(
  transaction: Transaction,
  { reference, account, symbol, rules, price }: Parameters<LedgerBook['sweepDust']>[0],
): Promise<string> {
  const key = `dust/${account}/${symbol}/${reference}`;
  const done = await transaction.row("SELECT amount FROM ledger_entries WHERE reference = ? AND book = 'dust'", key);
  if (done) return String(done['amount']);
  const stored = await readStored(transaction, account, symbol);
  const asset = baseOf(symbol);
  const quantity = decimal(stored.quantity);
  const free = await balanceOf(transaction, account, 'free', asset);
  // What another order has reserved is not dust yet, and that nobody bids says nothing of its worth.
  const isDust = !decimal(price).isZero() && sellable(rules, quantity, decimal(price)).isZero();
  // Below zero is no remainder: more left than was known to be held, and that has to be found.
  if (!quantity.greaterThan(0) || free.lessThan(quantity) || !isDust) return '0';
  await post(transaction, key, 'dust', account, [
    { book: 'free', asset, amount: quantity.negated() },
    { book: 'dust', asset, amount: quantity },
  ]);
  await writeStored(transaction, account, {
    ...stored,
    quantity: text(ZERO),
    averageCost: text(ZERO),
    openedAt: 0,
    dust: text(quantity.plus(stored.dust)),
    dustCost: text(quantity.times(stored.averageCost).plus(stored.dustCost)),
  });
  await transaction.emit({
    eventId: key,
    kind: 'dust.swept',
    payload: { account, symbol, quantity: text(quantity), price },
  });
  return text(quantity);
}
