import { type Command, InvalidArgumentError } from 'commander';
import { via } from '../../../contracts/audit.ts';
import { symbolText } from '../../../contracts/decimal-text.ts';
import { decimalPattern } from '../../../domain/money/money.ts';
import { baseOf, quoteOf } from '../../../domain/portfolio/position.ts';
import { bookOutPosition } from '../../controls/book-out.ts';
import { action, nameOption, reasonOption, referenceOption } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type Lines, type OutputOptions, print } from '../output.ts';

interface BookOutOptions extends OutputOptions {
  value: string;
  reason: string;
  reference: string;
  by?: string;
}

const HELP = `
For a symbol that the exchange no longer trades, so that no order can end its position. It is ended at its worth: what that does not reach of its
cost is a loss. What the exchange still has of the asset stays in the books as dust; what it has no more leaves them. Was it exchanged into money
that is in the account now, book that with "./sapphire portfolio deposit". Stands in the audit trail.
Exit code 5 when it is refused: the symbol is traded, nothing is held, or the end of an order on it is not known yet.

Examples:
  ./sapphire portfolio book-out LUNA/USDT --value 0 --reason "delisted, worthless" --reference luna-2026-11
  ./sapphire portfolio book-out FTT/USDT --value 12.5 --reason "converted by the exchange" --reference ftt-2026-11
  ./sapphire portfolio deposit 12.5 USDT --reference ftt-2026-11-proceeds`;

function symbolName(value: string): string {
  if (symbolText.safeParse(value).success) return value;
  throw new InvalidArgumentError('A symbol is BASE/QUOTE in capitals, e.g. BTC/USDT.');
}

export function worth(value: string): string {
  if (decimalPattern.test(value) && !value.startsWith('-') && !/\.\d{9}/.test(value)) return value;
  throw new InvalidArgumentError('--value must be a decimal number, zero or above, with at most eight decimals.');
}

async function bookOut(context: CliContext, options: BookOutOptions, symbol: string): Promise<void> {
  const { configuration, journal, trading, user } = context;
  const { value, reason, reference, by = user } = options;
  const request = { reference, account: configuration.account, symbol, value, reason, by, via: via.os(user) };
  const result = await bookOutPosition(request, { journal: await journal(), trading: await trading() });
  print(result, options, (): Lines => {
    const { booked, ended } = result;
    const submissions = ended.length > 0 ? [`ended with it: ${ended.join(', ')}`] : [];
    if (!booked) {
      return submissions.length > 0
        ? [`nothing of ${symbol} was held`, ...submissions]
        : [`${reference} stands in the books already: nothing was booked`];
    }
    const asset = baseOf(symbol);
    return [
      `booked out ${booked.quantity} ${symbol} at ${value} ${quoteOf(symbol)}, as ${reference}: ${booked.left} ${asset} left the books, ${booked.kept} ${asset} stay as dust`,
      `cost ${booked.cost}, realised PnL ${booked.realizedPnl} ${quoteOf(symbol)}`,
      ...submissions,
    ];
  });
}

export function registerBookOut(portfolio: Command): void {
  action<BookOutOptions, [string]>(
    portfolio
      .command('book-out')
      .argument('<symbol>', 'e.g. LUNA/USDT', symbolName)
      .description('end a position that the exchange does not trade any more')
      .requiredOption(
        '--value <amount>',
        'what it is worth, or brought, in the quote currency; 0 when it is lost',
        worth,
      )
      .requiredOption('--reason <text>', 'kept in the books', reasonOption)
      .requiredOption(
        '--reference <text>',
        'its own name in the books: the same one twice is booked once',
        referenceOption,
      )
      .option('--by <name>', 'who books it out; your user name without it', nameOption)
      .addHelpText('after', HELP),
    bookOut,
  );
}
