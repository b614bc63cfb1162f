import type { Via } from '../../contracts/audit.ts';
import { UserError } from '../../contracts/errors.ts';
import type { Quantity } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { baseOf } from '../../domain/portfolio/position.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { BookedOut } from '../../stores/journal/books/ledger.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort } from '../../venues/port.ts';

export interface BookOutRequest {
  /** The same reference twice is booked once. */
  reference: string;
  account: string;
  symbol: string;
  /** What it is worth, or brought, in the currency in which the symbol is quoted; decimal text, 0 for a loss of everything. */
  value: string;
  reason: string;
  by: string;
  via: Via;
}

export interface BookOutResult {
  reference: string;
  symbol: string;
  value: string;
  /** Undefined where this reference stood in the books already, or nothing was held beside the submissions that were ended. */
  booked: BookedOut | undefined;
  /** Submissions that were ended with it: of unknown end, and those that would have been sent next. */
  ended: string[];
}

export interface BookOutTools {
  journal: Pick<Journal, 'intents' | 'ledger'>;
  trading: Pick<TradingPort, 'listing' | 'balances'>;
}

/**
 * Ends a position that the exchange does not trade any more. Idempotent by reference; what was cut off is finished by the same command.
 *
 * @throws {UserError} `SymbolTraded`, `OrderOpen`, and what the books refuse: `NotHeld`, `StillOwed`, `StillReserved`, `MoreGone`
 */
export async function bookOutPosition(
  request: BookOutRequest,
  { journal, trading }: BookOutTools,
): Promise<BookOutResult> {
  const { reference, account, symbol, value } = request;
  const listing = trading.listing(symbol);
  if (listing === 'traded') {
    throw new UserError(
      'SymbolTraded',
      `The exchange trades ${symbol}: what is held of it is sold by its exits, by a cycle, or by "./sapphire stop --flatten", and not booked out.`,
    );
  }
  const open = (await journal.intents.listOpen(account)).filter((intent) => intent.symbol === symbol);
  const [waiting] = open.filter((intent) => listing === 'halted' || intent.sendBy >= Date.now());
  if (waiting) {
    throw new UserError(
      'OrderOpen',
      `The end of ${waiting.intentId} on ${symbol} is not known yet, and the exchange can still be asked: run the same command again once "./sapphire orders --open" shows it no more.`,
    );
  }
  for (const intent of open) await endUnasked(journal, intent);
  const ended = [...open.map(({ intentId }) => intentId), ...(await journal.ledger.endWaiting(account, symbol))];
  const held: Quantity = tagged((await trading.balances())[baseOf(symbol)] ?? '0');
  const booked = await journal.ledger
    .bookOut({ ...request, value: tagged(value), held, at: Date.now() })
    .catch((error: unknown) => {
      if (ended.length > 0 && error instanceof UserError && error.code === 'NotHeld') return undefined;
      throw error;
    });
  return { reference, symbol, value, booked, ended };
}

/** Nothing rests on a symbol that is not listed. What was filled before shows in the balance, by which the rest is booked. */
async function endUnasked(
  { intents }: BookOutTools['journal'],
  { intentId, state, venueOrderId }: Intent,
): Promise<void> {
  const unanswered = state === 'submitted' || (state === 'unresolved' && venueOrderId === undefined);
  await intents.report({
    intentId,
    state: unanswered ? 'void' : 'canceled',
    detail: 'the exchange lists its symbol no more: booked out',
    fills: [],
  });
}
