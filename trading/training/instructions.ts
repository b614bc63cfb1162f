import { finalAt } from '../../domain/market/minutes.ts';
import { outcomeOf } from '../../domain/scoring/periods.ts';
import { type Split, type SplitTimes, splitOf } from '../../domain/scoring/training.ts';
import type { NewsRow } from './rows.ts';
import type { CandleSeries, Sample } from './samples.ts';

/** One example for a language model, in the form that FinGPT is trained on (Yang et al. 2023): what is asked, of what, and the right answer. */
export interface Instruction {
  kind: 'news' | 'market';
  symbol: string;
  knownAt: number;
  labelAt: number;
  split: Split;
  instruction: string;
  input: string;
  output: string;
}

const labels = { up: 'positive', flat: 'neutral', down: 'negative' } as const;

/** Of news: the label is what the market did over the horizon. Of decisions: what came, from the numbers that were known. */
export function instructionsOf(
  news: readonly NewsRow[],
  samples: readonly Sample[],
  series: ReadonlyMap<string, CandleSeries>,
  of: { horizonMs: number; times: SplitTimes },
): Instruction[] {
  const minutes = of.horizonMs / 60_000;
  return [
    ...news.flatMap((item) => newsInstruction(item, series.get(item.symbol), of)),
    ...samples.map(
      (sample): Instruction => ({
        kind: 'market',
        symbol: sample.symbol,
        knownAt: sample.knownAt,
        labelAt: sample.labelAt,
        split: sample.split,
        instruction: `What will ${sample.symbol} do within ${minutes} minutes? Please choose an answer from {up/flat/down}.`,
        input: Object.entries(sample.features)
          .map(([name, value]) => `${name}: ${value}`)
          .join(', '),
        output: sample.outcome,
      }),
    ),
  ];
}

function newsInstruction(
  { symbol, title, body, knownAt }: NewsRow,
  candles: CandleSeries | undefined,
  { horizonMs, times }: { horizonMs: number; times: SplitTimes },
): Instruction[] {
  const before = candles?.closedBy(knownAt).at(-1);
  const after = candles?.closeAt(knownAt + horizonMs);
  const labelAt = finalAt(knownAt + horizonMs);
  const split = splitOf(times, knownAt, labelAt);
  if (!before || after === undefined || !split) return [];
  return [
    {
      kind: 'news',
      symbol,
      knownAt,
      labelAt,
      split,
      instruction: 'What is the sentiment of this news? Please choose an answer from {negative/neutral/positive}.',
      input: body === '' ? title : `${title}. ${body}`,
      output: labels[outcomeOf(after / Number(before.close) - 1)],
    },
  ];
}
