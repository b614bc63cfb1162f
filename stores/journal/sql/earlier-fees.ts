import { via } from '../../../contracts/audit.ts';
import { type Decimal, decimal, type Money, sum, text, ZERO } from '../../../domain/money/money.ts';
import { payFee } from '../../../domain/portfolio/holding.ts';
import type { BookedPosition } from '../../../domain/portfolio/portfolio.ts';
import { baseOf, quoteOf } from '../../../domain/portfolio/position.ts';
import type { EarlierFees } from '../books/ledger.ts';
import type { Sql, Transaction } from './database.ts';
import { moveMarks } from './marks.ts';
import { readPositions, writeStored } from './positions.ts';
import { balanceOf, post } from './postings.ts';

/**
 * Earlier releases took fees in a third asset out of the ledger alone: the position in that asset stands above its balance by them, and its exit waits for
 * ever. What the fills say was paid so leaves the position now, at its cost, as a loss; the day's and the peak's equity go along, since it was lost
 * long before. Where the fills do not explain it the position is left as it is.
 */
export async function settleEarlierFees(transaction: Transaction, account: string): Promise<EarlierFees[]> {
  const positions = await readPositions(transaction, account);
  const found: EarlierFees[] = [];
  for (const asset of new Set(positions.map(({ symbol }) => baseOf(symbol)))) {
    const ofAsset = positions.filter(({ symbol }) => baseOf(symbol) === asset);
    const excess = heldOf(ofAsset).minus(await bookedOf(transaction, account, asset));
    if (!excess.greaterThan(0)) continue;
    const paid = await thirdFeesOf(transaction, account, asset);
    const [currency, ...others] = new Set(paid.map(({ symbol }) => quoteOf(symbol)));
    const position = ofAsset.find(({ symbol }) => symbol === `${asset}/${currency}`);
    const explained = others.length === 0 ? sum(paid.map(({ fee }) => fee)) : ZERO;
    if (!position || explained.lessThan(excess) || heldOf([position]).lessThan(excess)) {
      found.push({ asset, excess: text(excess) });
      continue;
    }
    found.push(await settle(transaction, account, position, excess));
  }
  return found;
}

async function settle(
  transaction: Transaction,
  account: string,
  position: BookedPosition,
  excess: Decimal,
): Promise<EarlierFees> {
  const { symbol } = position;
  const asset = baseOf(symbol);
  const at = transaction.now();
  const { after, cost, ofDust } = payFee(position, excess, at);
  const realizedPnl = text<Money>(cost.negated());
  const key = `earlier-fees/${account}/${symbol}/${at}`;
  await writeStored(transaction, account, {
    ...after,
    realizedPnl: text(decimal(after.realizedPnl).minus(cost)),
  });
  await post(transaction, key, 'dust', account, [
    { book: 'dust', asset, amount: ofDust.negated() },
    { book: 'free', asset, amount: ofDust },
  ]);
  await moveMarks(transaction, account, realizedPnl);
  await transaction.emit({
    eventId: key,
    kind: 'fees.settled',
    payload: {
      account,
      symbol,
      asset,
      quantity: text(excess),
      realizedPnl,
      at,
      reason: 'fees that an earlier release took out of the balance alone',
      by: 'sapphire',
      via: via.system('sapphire'),
    },
  });
  return { asset, excess: text(excess), settled: { symbol, realizedPnl } };
}

function heldOf(positions: readonly BookedPosition[]): Decimal {
  return sum(positions.flatMap(({ quantity, dust }) => [decimal(quantity), decimal(dust)]));
}

async function bookedOf(sql: Sql, account: string, asset: string): Promise<Decimal> {
  let booked = ZERO;
  for (const book of ['free', 'reserved', 'dust'] as const)
    booked = booked.plus(await balanceOf(sql, account, book, asset));
  return booked;
}

/** Asked of all fills, and only where something is to be explained. */
async function thirdFeesOf(sql: Sql, account: string, asset: string): Promise<{ symbol: string; fee: Decimal }[]> {
  const rows = await sql.rows('SELECT symbol, fee FROM fills WHERE account = ? AND fee_asset = ?', account, asset);
  return rows
    .map((row) => ({ symbol: String(row['symbol']), fee: decimal(String(row['fee'])) }))
    .filter(({ symbol, fee }) => baseOf(symbol) !== asset && quoteOf(symbol) !== asset && fee.greaterThan(0));
}
