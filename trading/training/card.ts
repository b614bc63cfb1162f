import type { Mode } from '../../domain/market/market.ts';
import type { Split, SplitTimes } from '../../domain/scoring/training.ts';
import type { LeftOut } from './samples.ts';

/** What a training set holds and how it was made. Times are UTC epoch milliseconds. */
export interface DataCard {
  version: 1;
  mode: Mode;
  from: number;
  to: number;
  horizonMs: number;
  embargoMs: number;
  times: SplitTimes;
  /** SHA-256 over the files' own. */
  dataHash: string;
  files: Record<string, { rows: number; bytes: number; sha256: string }>;
  /** By part and outcome. */
  samples: Record<Split, Record<'up' | 'flat' | 'down', number>>;
  instructions: number;
  leftOut: LeftOut;
  symbols: string[];
}

export function cardText(card: DataCard): string {
  const { mode, from, to, horizonMs, embargoMs, times, dataHash, files, samples, leftOut, symbols } = card;
  const moment = (at: number): string => new Date(at).toISOString();
  const parts = Object.entries(samples).map(
    ([split, { up, flat, down }]) => `| ${split} | ${up + flat + down} | ${up} | ${flat} | ${down} |`,
  );
  return `# Data card

Decisions and market of Sapphire (${mode}), ${symbols.join(', ') || 'no symbol'}, ${moment(from)} to ${moment(to)}. Data hash \`${dataHash}\`.

**What it is for.** Training forecasters (\`series.parquet\`) and language models (\`instructions.jsonl\`), and judging agents (\`samples.parquet\`).
${mode === 'paper' ? 'The market is the paper exchange’s: what is learned from a simulated market holds for it alone.' : 'The market is the venue’s.'}

**Point in time.** A sample’s features are made from the order book that was decided on and from the candles that had closed by then, by the code that
makes them for language models; its signals and consensus are those of that decision. The label is the log return from the mid to the close of the minute
in which the horizon of ${horizonMs / 60_000} minutes ends. up and down are beyond ±20 basis points.

**Split.** By time: train until ${moment(times.trainEnd)}, validation until ${moment(times.validationEnd)}, test after it. A sample whose label reaches over
a boundary is left out, and so is everything within ${embargoMs / 60_000} minutes behind one.

| part | samples | up | flat | down |
| --- | --- | --- | --- | --- |
${parts.join('\n')}

Left out: ${leftOut.noFeatures} without features (too few candles before them), ${leftOut.noLabel} without a label (their horizon had not ended, or the market
has a gap there), ${leftOut.embargo} at the boundaries.

| file | rows | bytes | SHA-256 |
| --- | --- | --- | --- |
${Object.entries(files)
  .map(([name, { rows, bytes, sha256 }]) => `| ${name} | ${rows} | ${bytes} | \`${sha256}\` |`)
  .join('\n')}

**Not in it**: the account, order sizes, keys, names of people. **Known limits**: minutes in which Sapphire did not run are gaps; news is what FinGPT’s
sources brought, rated or not by what came after, which is a noisy label.
`;
}
