import { type Command, InvalidArgumentError } from 'commander';
import { via } from '../../../contracts/audit.ts';
import { positiveDecimalText } from '../../../contracts/decimal-text.ts';
import { ExitCode, UserError } from '../../../contracts/errors.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { OwnExits } from '../../../domain/protection/own-exits.ts';
import { type CloseReport, closePosition } from '../../controls/close-position.ts';
import { leaveOut, takeBack } from '../../controls/leave-out.ts';
import { type SetExitsReport, setExits } from '../../controls/set-exits.ts';
import { barriersLine, quantityText } from '../../views/account-view.ts';
import { leftOutLine } from '../../views/left-out-view.ts';
import { action, duration, nameOption, reasonOption, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print } from '../output.ts';

interface SignedOptions extends OutputOptions {
  reason: string;
  by?: string;
}

const CLOSE_HELP = `
The position's own exits sell it, so that a stop-loss that is hit at the same time sells nothing twice. It works while trading is halted. A buy of the
symbol that is on its way, or that the next cycle makes, is another position: "./sapphire symbol leave-out" keeps the symbol out.
Exit code 0 when it is sold but dust, 5 when nothing is held or it is not sold yet after the wait: it goes on then. Freqtrade calls this forceexit.

Example:
  ./sapphire position close BTC/USDT --reason "news"`;

const SET_HELP = `
A price, or a share such as 3%: of the average cost, for --trailing of the highest price since the entry. "off" takes a barrier away. What is not
named stays as it is; the next position of the symbol begins as it is configured. What would sell at once is refused with both prices (exit code 5).

Examples:
  ./sapphire position set BTC/USDT --stop-loss 58000 --reason "below the last low"
  ./sapphire position set BTC/USDT --take-profit 8% --trailing 2.5% --time-limit 12h --reason "let it run"
  ./sapphire position set BTC/USDT --take-profit off --reason "let it run"`;

const SYMBOL_HELP = `
Nothing is bought of it until then, by any cycle; what is held is sold as ever. "./sapphire status" and "./sapphire risk show" name it. Freqtrade
calls this the blacklist.

Examples:
  ./sapphire symbol leave-out ETH/USDT --for 1d --reason "merge today"
  ./sapphire symbol take-back ETH/USDT --reason "it is over"`;

const signedBy = ({ user }: CliContext, { reason, by }: SignedOptions) => ({
  reason,
  by: by ?? user,
  via: via.os(user),
});

/** `3%` as a fraction; undefined for what is no share. */
function shareOf(given: string): number | undefined {
  const [, percent] = /^(\d{1,2}(?:\.\d{1,6})?)\s*%$/.exec(given.trim()) ?? [];
  return percent === undefined || Number(percent) === 0 ? undefined : Number((Number(percent) / 100).toFixed(8));
}

/** A barrier of price: a share, a price, or none. */
function level(name: string): (given: string) => NonNullable<OwnExits['stopLoss']> | null {
  return (given) => {
    if (given === 'off') return null;
    const share = shareOf(given);
    if (share !== undefined) return share;
    if (positiveDecimalText.safeParse(given).success) return { price: tagged(given) };
    throw new InvalidArgumentError(`${name} is a price such as 58000, a share between 0% and 100% such as 3%, or off.`);
  };
}

function trailing(given: string): number | null {
  if (given === 'off') return null;
  const share = shareOf(given);
  if (share !== undefined) return share;
  throw new InvalidArgumentError(
    '--trailing is a share of the highest price between 0% and 100%, such as 2.5%, or off.',
  );
}

function describeClose({ symbol, closed, quantity, dust, note }: CloseReport): string[] {
  const end = closed
    ? `${symbol} is closed${dust === '0' ? '' : `; ${quantityText(dust)} are left as dust`}`
    : `${symbol} is not sold yet: ${quantityText(quantity)} are held, and its exits go on selling`;
  return [end, ...(note ? [note] : [])];
}

function describeSet({ symbol, barriers, bid, note }: SetExitsReport): string[] {
  return [`${symbol}, bid ${bid}: ${barriersLine(barriers) || 'NO EXIT'}`, ...(note ? [note] : [])];
}

interface SetOptions extends SignedOptions {
  stopLoss?: NonNullable<OwnExits['stopLoss']> | null;
  takeProfit?: NonNullable<OwnExits['takeProfit']> | null;
  trailing?: number | null;
  timeLimit?: number | null;
}

function ownOf({ stopLoss, takeProfit, trailing: trailingStop, timeLimit }: SetOptions): OwnExits {
  const own: OwnExits = {
    ...(stopLoss === undefined ? {} : { stopLoss }),
    ...(takeProfit === undefined ? {} : { takeProfit }),
    ...(trailingStop === undefined ? {} : { trailingStop }),
    ...(timeLimit === undefined ? {} : { closesAt: timeLimit === null ? null : Date.now() + timeLimit }),
  };
  if (Object.keys(own).length > 0) return own;
  throw new UserError(
    'NothingToChange',
    'Name what is to be set: --stop-loss, --take-profit, --trailing or --time-limit.',
  );
}

export function registerByHand(program: Command): void {
  const position = program.command('position').description('close one position, or give it exits of its own');
  const symbol = program.command('symbol').description('leave a symbol out for a while');
  const signed = (command: Command): Command =>
    command
      .requiredOption('--reason <text>', 'kept in the books', reasonOption)
      .option('--by <name>', 'who does it; your user name without it', nameOption);

  action<SignedOptions & { wait: number }>(
    signed(position.command('close').argument('<symbol>', 'e.g. BTC/USDT').description('sell all of one position now'))
      .option('--wait <seconds>', 'how long to wait for its end', wholeNumber('--wait', 0, 600), 30)
      .addHelpText('after', CLOSE_HELP),
    async (context, options, name) => {
      const { account } = context.configuration;
      const request = { account, symbol: name, waitMs: options.wait * 1_000, ...signedBy(context, options) };
      const report = await closePosition(request, { journal: await context.journal(), temporal: context.temporal });
      print(report, options, () => describeClose(report));
      return report.closed ? ExitCode.ok : ExitCode.refused;
    },
  );

  action<SetOptions>(
    signed(
      position
        .command('set')
        .argument('<symbol>', 'e.g. BTC/USDT')
        .description('stop, target, trailing stop or time limit of one position, until it is closed'),
    )
      .option('--stop-loss <price|share>', 'sells at this price or below', level('--stop-loss'))
      .option('--take-profit <price|share>', 'sells at this price or above', level('--take-profit'))
      .option('--trailing <share>', 'sells so far below the highest price', trailing)
      .option('--time-limit <time>', 'sells after so long from now, e.g. 12h, or off', (given) =>
        given === 'off' ? null : duration('--time-limit')(given),
      )
      .addHelpText('after', SET_HELP),
    async (context, options, name) => {
      const { account, protection } = context.configuration;
      const own = ownOf(options);
      const tools = {
        journal: await context.journal(),
        temporal: context.temporal,
        trading: await context.trading(),
        protection: protection.enabled ? protection : undefined,
      };
      const report = await setExits({ account, symbol: name, own, ...signedBy(context, options) }, tools);
      print(report, options, () => describeSet(report));
    },
  );

  action<SignedOptions & { for: number }>(
    signed(
      symbol.command('leave-out').argument('<symbol>', 'e.g. ETH/USDT').description('buy nothing of it for a while'),
    )
      .requiredOption('--for <time>', 'how long, e.g. 12h or 1d', duration('--for'))
      .addHelpText('after', SYMBOL_HELP),
    async (context, options, name) => {
      const request = { symbol: name, forMs: options.for, ...signedBy(context, options) };
      const left = await leaveOut(await context.journal(), context.configuration, request);
      print(left, options, () => leftOutLine(left));
    },
  );

  action<SignedOptions>(
    signed(symbol.command('take-back').argument('<symbol>', 'e.g. ETH/USDT').description('trade it again')).addHelpText(
      'after',
      SYMBOL_HELP,
    ),
    async (context, options, name) => {
      const request = { symbol: name, ...signedBy(context, options) };
      const taken = await takeBack(await context.journal(), context.configuration, request);
      print({ symbol: name, takenBack: taken }, options, () =>
        taken ? `${name} is traded again from the next cycle on` : `${name} was not left out: nothing was changed`,
      );
    },
  );
}
