import { type Via, via } from '../../../contracts/audit.ts';
import { UserError } from '../../../contracts/errors.ts';
import { type Decimal, decimal, max, min, text, ZERO } from '../../../domain/money/money.ts';
import { quoteOf } from '../../../domain/portfolio/position.ts';
import type { Transfer } from '../books/ledger.ts';
import type { Sql, Transaction } from './database.ts';
import { moveMarks } from './marks.ts';
import { movePaidIn } from './paid-in.ts';
import { movePosition, readStored } from './positions.ts';
import { balanceOf, post } from './postings.ts';
import { isNewRequest, refuseOtherRequest } from './requests.ts';

interface Moved extends Pick<Transfer, 'account' | 'asset'> {
  symbol: string | undefined;
  untraded: boolean | undefined;
  moved: Decimal;
}

/**
 * How much of what is moved is dust: what comes in without a market, unless it covers what is owed, and what leaves beyond what is free.
 *
 * @throws {UserError} `NotFree`
 */
async function dustOf(sql: Sql, { account, asset, symbol, untraded, moved }: Moved): Promise<Decimal> {
  if (!moved.isNegative()) {
    const owes = symbol !== undefined && decimal((await readStored(sql, account, symbol)).quantity).isNegative();
    return untraded && !owes ? moved : ZERO;
  }
  const free = max(ZERO, await balanceOf(sql, account, 'free', asset));
  const dust = await balanceOf(sql, account, 'dust', asset);
  if (free.plus(dust).plus(moved).isNegative()) {
    throw new UserError(
      'NotFree',
      `${text(moved.negated())} ${asset} cannot be withdrawn: ${text(free.plus(dust))} are free; orders and positions hold the rest.`,
    );
  }
  return min(ZERO, free.plus(moved));
}

/** What nobody says they moved was moved by Sapphire itself, as the opening of a paper account. */
function signatureOf({ by, via: door = '' }: Pick<Transfer, 'by' | 'via'>): { by: string; via: Via } {
  return by === undefined ? { by: 'sapphire', via: via.system('sapphire') } : { by, via: door };
}

/**
 * Money that came in or left, at its worth. Once by its reference; refused when more leaves than is free, or the reference is another transfer's.
 *
 * @throws {UserError} `NotFree`, `ReferenceTaken`
 */
export async function transfer(
  transaction: Transaction,
  { reference, account, asset, amount, value, symbol, untraded, at, ...signed }: Transfer,
): Promise<void> {
  const eventId = `transfer/${account}/${reference}`;
  if (!(await isNewRequest(transaction, eventId, account, 'transfer'))) {
    // What Sapphire moves itself is moved once, whatever the configuration says since.
    if (signed.by !== undefined) await refuseOtherRequest(transaction, eventId, reference, { asset, amount });
    return;
  }
  const moved = decimal(amount);
  const ofDust = await dustOf(transaction, { account, asset, symbol, untraded, moved });
  const ofFree = moved.minus(ofDust);
  await movePaidIn(transaction, account, symbol === undefined ? asset : quoteOf(symbol), decimal(value));
  await post(transaction, `transfer/${reference}`, 'transfer', account, [
    { book: 'free', asset, amount: ofFree },
    { book: 'dust', asset, amount: ofDust },
    { book: 'deposits', asset, amount: moved.negated() },
  ]);
  const realizedPnl =
    symbol === undefined
      ? text(ZERO)
      : await movePosition(transaction, account, { symbol, ofFree, ofDust, value: decimal(value), at });
  await moveMarks(transaction, account, value);
  await transaction.emit({
    eventId,
    kind: moved.isNegative() ? 'capital.withdrawn' : 'capital.deposited',
    payload: { account, asset, amount, value, symbol, realizedPnl, at, reason: reference, ...signatureOf(signed) },
  });
}
