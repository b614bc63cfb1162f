import { Argument, type Command, InvalidArgumentError } from 'commander';
import { type PromptVersion, promptVersions } from '../../../contracts/config/language-models.ts';
import { UserError } from '../../../contracts/errors.ts';
import { decimal, text } from '../../../domain/money/money.ts';
import { figuresOf, pairedDifference } from '../../../domain/scoring/comparison.ts';
import { type SeatOf, seatsOf } from '../../../domain/signals/seats.ts';
import { readWarehouse } from '../../../stores/warehouse/query.ts';
import { modelSettingsOf } from '../../../trading/agents/create.ts';
import {
  type Comparing,
  comparePrompts,
  mostCost,
  type PromptResult,
} from '../../../trading/agents/language-models/compare.ts';
import { casesOf, type RecordedCase } from '../../../trading/training/cases.ts';
import { readKnown } from '../../../trading/training/rows.ts';
import { action, duration, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type Lines, type OutputOptions, print, progress } from '../output.ts';
import { table } from '../table.ts';

/** A difference that luck alone would show once in twenty comparisons is none. */
const LUCK = 2;
const LEAST_CASES = 20;

interface CompareOptions extends OutputOptions {
  prompts: PromptVersion[];
  since: number;
  cases: number;
  yes?: boolean;
}

function versions(list: string): PromptVersion[] {
  const named = [...new Set(list.split(',').map((each) => each.trim()))];
  const known = named.filter((each): each is PromptVersion => promptVersions.some((version) => version === each));
  if (known.length === named.length && known.length > 0) return known;
  throw new InvalidArgumentError(`--prompts must be some of ${promptVersions.join(', ')}, with commas between.`);
}

async function compare(context: CliContext, options: CompareOptions, id: SeatOf<'language-model'>): Promise<void> {
  const { configuration, secrets } = context;
  const settings = modelSettingsOf(id, { configuration, secrets });
  const { warehouse, feeds } = await context.warehouse();
  const to = warehouse.now();
  const horizonMs = configuration.cycle.horizonMinutes * 60_000;
  const known = await readWarehouse(warehouse, feeds, (reader) => readKnown(reader, { from: to - options.since, to }));
  const { exchange, modelCalls } = await context.journal();
  const takerFeeRates = new Map(
    (await exchange.feeRates(configuration.account)).map((one) => [one.symbol, one.takerFeeRate]),
  );
  const cases = casesOf(known, { mode: configuration.mode, horizonMs, most: options.cases, takerFeeRates });
  if (cases.length === 0) {
    throw new UserError(
      'NothingToCompare',
      `No decision of that time has its book, its minutes and an ended horizon of ${configuration.cycle.horizonMinutes} minutes in the warehouse: "./sapphire warehouse status" says what it holds, and --since looks further back.`,
    );
  }
  const comparing: Comparing = { settings, prompts: options.prompts, cases, horizonMs };
  const most = mostCost(comparing);
  const about = {
    agent: id,
    model: settings.model,
    cases: cases.length,
    views: cases.reduce((total, { realised }) => total + realised.size, 0),
    prompts: options.prompts,
    withPerpetuals: cases.filter(hasPerpetuals).length,
    mostUsd: text(most),
  };
  if (options.yes !== true) {
    print({ ...about, asked: false }, options, () => [
      `${about.model} of ${id}: ${about.cases} cases, ${about.views} views by each of ${about.prompts.join(', ')}`,
      ...withPerpetuals(about),
      `That costs ${about.mostUsd} USD at most (each question at its most, and once more for a repair). With --yes it is asked.`,
    ]);
    return;
  }
  if (settings.apiKey === undefined) {
    throw new UserError('NoKey', `Set ${settings.keyVariable} to the key of ${id} first.`);
  }
  if (most.gt(settings.budgetPerDayUsd)) {
    throw new UserError(
      'BudgetTooSmall',
      `The comparison may cost ${about.mostUsd} USD, and agents.${id}.budgetPerDayUsd is ${decimal(settings.budgetPerDayUsd).toFixed()}: name fewer --cases, or raise it.`,
    );
  }
  const results = await comparePrompts(comparing, modelCalls, (done) => progress(`${done} of ${cases.length} cases`));
  const told = results.map((result) => toldOf(result, results[0]));
  print({ ...about, asked: true, results: told }, options, () => describe(told, withPerpetuals(about)));
}

function hasPerpetuals({ snapshot }: RecordedCase): boolean {
  return snapshot.symbols.some(({ perpetual }) => perpetual !== undefined && !('missing' in perpetual));
}

/** Where there are none, what is compared is the words alone. */
function withPerpetuals(about: { prompts: readonly PromptVersion[]; cases: number; withPerpetuals: number }): string[] {
  if (!about.prompts.includes('signal/3')) return [];
  return [`${about.withPerpetuals} of ${about.cases} cases have funding and open interest, which signal/3 alone shows`];
}

interface Told extends Omit<PromptResult, 'answered'> {
  figures: ReturnType<typeof figuresOf>;
  /** Against the first, of the half-Brier score: above 0 is worse. */
  difference: ReturnType<typeof pairedDifference>;
  verdict: 'first' | 'better' | 'worse' | 'no difference beyond luck' | 'too few cases';
}

function toldOf({ answered, ...result }: PromptResult, first: PromptResult | undefined): Told {
  const isFirst = first?.prompt === result.prompt;
  const difference = isFirst || !first ? undefined : pairedDifference(answered, first.answered, 'brier');
  return { ...result, figures: figuresOf(answered), difference, verdict: isFirst ? 'first' : verdictOn(difference) };
}

function verdictOn(difference: Told['difference']): Told['verdict'] {
  if (!difference || difference.cases < LEAST_CASES) return 'too few cases';
  if (Math.abs(difference.mean) <= LUCK * difference.error) return 'no difference beyond luck';
  return difference.mean < 0 ? 'better' : 'worse';
}

function describe(told: readonly Told[], about: string[]): Lines {
  const bps = (value: number): string => (value * 10_000).toFixed(1);
  return [
    ...about,
    table(
      ['prompt', 'views', 'salvaged', 'Brier', 'CRPS bps', 'right', 'corr', 'bias bps', 'USD', 'ms'],
      told.map(({ prompt, figures, salvaged, costUsd, latencyMs }) => [
        prompt,
        figures ? `${figures.views}/${figures.asked}` : 'none',
        String(salvaged),
        figures?.brier.toFixed(4) ?? '-',
        figures ? bps(figures.crps) : '-',
        figures ? `${(figures.hitRate * 100).toFixed(0)} %` : '-',
        figures?.correlation.toFixed(2) ?? '-',
        figures ? bps(figures.bias) : '-',
        costUsd,
        String(latencyMs),
      ]),
    ),
    ...told.flatMap(({ prompt, difference, verdict, silent }) => [
      ...(difference
        ? [
            `${prompt} against ${told[0]?.prompt}: ${verdict}, Brier ${difference.mean.toFixed(4)} ± ${difference.error.toFixed(4)} over ${difference.cases} cases`,
          ]
        : []),
      ...Object.entries(silent).map(([reason, count]) => `${prompt}: ${count} without a view, ${reason}`),
    ]),
    'Brier and CRPS are better the smaller they are. Nothing was traded on, and no score changes.',
  ];
}

/** Prompts of a language model held against what came, on decisions of before. */
export function registerCompare(agents: Command): void {
  action<CompareOptions, [SeatOf<'language-model'>]>(
    agents
      .command('compare')
      .addArgument(new Argument('<agent>', 'a language model').choices(seatsOf('language-model')))
      .description('ask a language model about recorded decisions by several prompts, and hold each against what came')
      .option('--prompts <list>', 'versions, the first is the yardstick', versions, [...promptVersions])
      .option('--since <age>', 'hours or days back, e.g. 24h or 30d', duration('--since'), 30 * 86_400_000)
      .option(
        '--cases <n>',
        'at most so many decisions, whose horizons do not overlap',
        wholeNumber('--cases', 1, 1_000),
        50,
      )
      .option('--yes', 'ask; without, only what it costs is said')
      .addHelpText('after', '\nExample:\n  ./sapphire agents compare deepseek --cases 40 --yes'),
    compare,
  );
}
