import type { Command } from 'commander';
import type { Barriers } from '../../../domain/protection/protection.ts';
import { askGuards } from '../../controls/guards.ts';
import { moneyText, priceText, quantityText, signed } from '../../views/account-view.ts';
import { clock } from '../../views/cycle-view.ts';
import { listTrades, type TradeView } from '../../views/trades-view.ts';
import { action, day, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type Lines, type OutputOptions, print, progress } from '../output.ts';
import { table } from '../table.ts';

interface TradesOptions extends OutputOptions {
  symbol?: string;
  since?: number;
  limit: number;
  open?: boolean;
}

/** Of what is held; a symbol whose exits nobody tells of is missing. */
async function exitsOf({ temporal, configuration }: CliContext): Promise<ReadonlyMap<string, Barriers>> {
  try {
    const guards = await askGuards(await temporal(), configuration.account);
    return new Map(guards.flatMap(({ symbol, exits }) => (symbol && exits ? [[symbol, exits.barriers] as const] : [])));
  } catch {
    progress('Temporal does not answer: stops, targets and time limits of open trades are not known.');
    return new Map();
  }
}

/** What the terminal of `./sapphire trades` shows. */
export function describeTrades(trades: readonly TradeView[]): Lines {
  const rows = trades.map((trade) => {
    const { symbol, openedAt, closedAt, durationMs, bought, entry, exit, profit, reason, fees, exits = {} } = trade;
    const price = (value: string | undefined): string => (value === undefined ? '' : priceText(value));
    const gain = profit === undefined ? '' : signed(profit);
    return [
      openedAt === undefined ? 'before' : clock(openedAt),
      durationMs === undefined ? '' : lasted(durationMs),
      symbol,
      quantityText(bought),
      price(entry),
      price(exit),
      closedAt === undefined ? { text: 'open', tone: 'caution' as const } : (reason ?? ''),
      {
        text: gain,
        tone: profit === undefined ? undefined : profit.startsWith('-') ? ('bad' as const) : ('good' as const),
      },
      Object.entries(fees)
        .map(([asset, fee]) => `${moneyText(fee)} ${asset}`)
        .join(', '),
      price(exits.stopLoss ?? exits.trailingStop),
      price(exits.takeProfit),
      exits.closesAt === undefined ? '' : clock(exits.closesAt),
    ];
  });
  return table(
    [
      'opened',
      { title: 'lasted', least: 5 },
      'symbol',
      { title: 'quantity', least: 4 },
      'entry',
      'exit',
      'reason',
      'profit',
      { title: 'fees', least: 6 },
      { title: 'stop', least: 1 },
      { title: 'target', least: 2 },
      { title: 'time limit', least: 3 },
    ],
    rows,
  );
}

function lasted(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.round(ms / 1_000)} s`;
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} d`;
}

export function registerTrades(program: Command): void {
  action<TradesOptions>(
    program
      .command('trades')
      .description('one line a holding: entry, exit, reason, fees and profit; of open ones what ends them')
      .option('--open', 'only what is held')
      .option('--symbol <symbol>', 'of one symbol, e.g. BTC/USDT')
      .option('--since <day>', 'opened from this day on, UTC', day)
      .option('--limit <n>', 'how many', wholeNumber('--limit', 1, 1_000), 20)
      .addHelpText(
        'after',
        '\nExamples:\n  ./sapphire trades --open\n  ./sapphire trades --symbol BTC/USDT --since 2026-01-05 --json',
      ),
    async (context, { symbol, since = 0, limit, open, ...options }) => {
      const { account } = context.configuration;
      const wanted = { symbol, since, limit, open };
      const trades = await listTrades(await context.journal(), account, wanted, () => exitsOf(context));
      print(trades, options, () => describeTrades(trades));
    },
  );
}
