import { type Command, InvalidArgumentError, Option } from 'commander';
import { decimalText } from '../../../contracts/decimal-text.ts';
import { type Decimal, decimal, ZERO } from '../../../domain/money/money.ts';
import { type QuoteModelName, quoteModels } from '../../../domain/quoting/models.ts';
import type { MakerResult } from '../../../trading/quote/simulate.ts';
import { simulateMakers } from '../../../trading/quote/simulate-makers.ts';
import { makerJson, makersVerdict, money, sparkline } from '../../views/makers-view.ts';
import { action, duration, wholeNumber } from '../command.ts';
import { type Lines, type OutputOptions, print, progress } from '../output.ts';
import { table } from '../table.ts';

interface SimulateOptions extends OutputOptions {
  model?: QuoteModelName[];
  for?: number;
  budget?: Decimal;
  aversion?: Decimal;
  fair: 'mid' | 'microprice';
  fee?: Decimal;
  coverFees?: boolean;
  seed?: number;
}

const HOUR_MS = 3_600_000;
/** After which the models that end begin anew. */
const HORIZON_SECONDS = 60;
const CURVE_WIDTH = 24;

function number(name: string, least: string, most: string): (text: string) => Decimal {
  return (text) => {
    const value = decimalText.safeParse(text).success ? decimal(text) : undefined;
    if (value?.gte(least) && value.lte(most)) return value;
    throw new InvalidArgumentError(`${name} must be a number from ${least} to ${most}.`);
  };
}

export function registerMarketMaking(program: Command): void {
  const mm = program.command('mm').description('market making');

  action<SimulateOptions, [string]>(
    mm
      .command('simulate')
      .argument('[symbol]', 'a market of the paper exchange', 'BTC/USDT')
      .description('what each quoting model would earn on the paper market, and from what; trades nothing')
      .addOption(new Option('--model <names...>', 'only these').choices(quoteModels))
      .option('--for <time>', 'of market time, after ten minutes of measuring; 1h without it', duration('--for'))
      .option('--budget <amount>', 'half of it in each asset; 2000 without it', number('--budget', '100', '1000000'))
      .option('--aversion <a>', 'dislike of a risk in price; 0.1 without it', number('--aversion', '0.001', '10'))
      .addOption(
        new Option('--fair <price>', 'around which price is quoted').choices(['mid', 'microprice']).default('mid'),
      )
      .option('--fee <rate>', "another maker fee than the paper exchange's, 0 to 0.1", number('--fee', '0', '0.1'))
      .option('--cover-fees', 'quote no nearer to the fair price than what the fee costs')
      .option('--seed <n>', 'another market', wholeNumber('--seed', 0, 0xffff_ffff))
      .addHelpText(
        'after',
        '\nExamples:\n  ./sapphire mm simulate\n  ./sapphire mm simulate ETH/USDT --for 20m --model glft --fee 0 --json',
      ),
    async ({ configuration: { paperExchange } }, options, symbol) => {
      const fee = options.fee ?? decimal(paperExchange.makerFeeRate);
      const market =
        options.seed === undefined || paperExchange.market.kind === 'mirror'
          ? paperExchange.market
          : { ...paperExchange.market, seed: options.seed };
      const terms = {
        fair: options.fair,
        budget: options.budget ?? decimal(2_000),
        aversion: options.aversion ?? decimal('0.1'),
        horizonSeconds: HORIZON_SECONDS,
        edge: options.coverFees ? fee : ZERO,
      };
      const results: MakerResult[] = [];
      const exchange = { ...paperExchange, market, makerFeeRate: fee.toFixed() };
      const models = options.model ?? quoteModels;
      for await (const result of simulateMakers(exchange, symbol, models, terms, (options.for ?? HOUR_MS) / 1_000)) {
        results.push(result);
        if (!options.json) progress(`${result.model}: ${result.fills} fills`);
      }
      const [, quote = ''] = symbol.split('/');
      print({ symbol, fee: fee.toFixed(), makers: results.map(makerJson) }, options, () => [
        makersVerdict(results, fee, quote),
        describe(results),
      ]);
    },
  );
}

function describe(results: readonly MakerResult[]): Lines {
  return table(
    [
      'model',
      'profit',
      { title: 'curve', least: 6 },
      { title: 'spread', least: 3 },
      { title: 'adverse 10 s', least: 3 },
      { title: 'inventory', least: 3 },
      'fees',
      'fills',
      { title: 'quoted', least: 5 },
      { title: 'held sd', least: 4 },
      { title: 'held most', least: 4 },
      { title: 'after 1/10/60 s', least: 7 },
    ],
    results.map(({ model, profit, parts, fills, quoted, inventory, markouts, curve }) => [
      model,
      { text: money(profit), tone: profit.gt(0) ? 'good' : profit.lt(0) ? 'bad' : undefined },
      sparkline(curve, CURVE_WIDTH),
      money(parts.spread),
      money(parts.adverseSelection),
      money(parts.inventory),
      money(parts.fees),
      String(fills),
      `${(quoted * 100).toFixed(0)} %`,
      inventory.deviation.toFixed(1),
      inventory.most.toFixed(1),
      markouts.map(({ basisPoints }) => basisPoints?.toFixed(2) ?? '-').join(' / '),
    ]),
  );
}
