import { type ErrorCode, UserError } from '../../../contracts/errors.ts';
import { decimal, sum, text } from '../../../domain/money/money.ts';
import type { LedgerBook } from '../books/ledger.ts';
import { readControl } from './control.ts';
import type { Transaction } from './database.ts';
import { readOpenIntents } from './intent-rows.ts';
import { balanceOf } from './postings.ts';
import { transfer } from './transfer.ts';

function refuse(code: ErrorCode, words: string): never {
  throw new UserError(code, `${words} Nothing was booked.`);
}

/** Takes over what the exchange has, as if it had been paid in or out at its worth: what nothing explains is neither gain nor loss of ours. */
export async function adopt(transaction: Transaction, entry: Parameters<LedgerBook['adopt']>[0]): Promise<void> {
  const { account, epoch, look, differences, reason, at, by, via } = entry;
  const control = await readControl(transaction, account);
  if (control.tradingState !== 'halted' || control.epoch !== epoch) {
    refuse(
      'NotHalted',
      `Trading is ${control.tradingState} at epoch ${control.epoch}, and what the exchange has is taken over only under the halt that was looked at (epoch ${epoch}): ./sapphire stop --reason "…" halts.`,
    );
  }
  const [open] = await readOpenIntents(transaction, account);
  if (open) refuse('OrderOpen', `The end of ${open.intentId} on ${open.symbol} is not known yet: look again.`);
  for (const { asset, booked } of differences) {
    const books = (['free', 'reserved', 'dust'] as const).map((book) => balanceOf(transaction, account, book, asset));
    const now = text(sum(await Promise.all(books)));
    if (now !== booked)
      refuse('LookChanged', `The books hold ${now} ${asset}, and ${booked} when they were looked at.`);
  }
  const moves = differences.map((one) => ({ ...one, amount: text(decimal(one.held).minus(one.booked)) }));
  for (const { asset, amount, value, symbol, untraded } of moves) {
    const market = symbol === undefined ? {} : { symbol, untraded: untraded === true };
    const reference = `adopted/${at}/${look}/${asset}`;
    await transfer(transaction, { reference, account, asset, amount, value, ...market, at, by, via });
  }
  await transaction.emit({
    eventId: `adopted/${account}/${look}/${at}`,
    kind: 'books.adopted',
    payload: { account, epoch, look, differences: moves, reason, at, by, via },
  });
}
