import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { splits } from '../../../domain/scoring/training.ts';
import { exportTraining } from '../../../trading/training/export.ts';
import { action, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print, progress } from '../output.ts';
import { table } from '../table.ts';

interface Options extends OutputOptions {
  out: string;
  days: number;
  horizonMinutes?: number;
  embargoMinutes?: number;
}

async function training({ configuration, warehouse: open }: CliContext, options: Options): Promise<void> {
  const { warehouse, feeds } = await open();
  const to = warehouse.now();
  const horizonMs = (options.horizonMinutes ?? configuration.cycle.horizonMinutes) * 60_000;
  const embargoMs = options.embargoMinutes === undefined ? horizonMs : options.embargoMinutes * 60_000;
  progress('Reading what was known, and what came');
  const card = await exportTraining(warehouse, feeds, {
    from: to - options.days * 86_400_000,
    to,
    horizonMs,
    embargoMs,
    out: resolve(options.out),
  });
  const isEmpty = splits.every((split) => Object.values(card.samples[split]).every((count) => count === 0));
  print({ out: resolve(options.out), ...card }, options, () => [
    ...(isEmpty ? [whyEmpty(horizonMs / 60_000, options.days)] : []),
    table(
      ['part', 'samples', 'up', 'flat', 'down'],
      splits.map((split) => {
        const { up, flat, down } = card.samples[split];
        return [split, ...[up + flat + down, up, flat, down].map(String)];
      }),
    ),
    `${card.instructions} instructions, ${card.files['series.parquet']?.rows ?? 0} minutes`,
    `left out: ${card.leftOut.noFeatures} without features, ${card.leftOut.noLabel} without a label, ${card.leftOut.embargo} at the boundaries`,
    `data hash ${card.dataHash}`,
    `${resolve(options.out)}: CARD.md says what it is`,
  ]);
}

function whyEmpty(horizonMinutes: number, days: number): string {
  return `No samples of the last ${days} days: a decision is one when its horizon, ${horizonMinutes} minutes, has ended and its prices are in the warehouse. The first come ${horizonMinutes} minutes after the first cycle, with the export after it; --days looks further back.`;
}

function folder(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('must be the path of a folder.');
  return text;
}

export function registerExport(program: Command): void {
  const command = program.command('export').description('data for models');

  action<Options>(
    command
      .command('training')
      .description('what was known at each decision, and what came after: split by time, with a data card')
      .requiredOption('--out <folder>', 'a folder, made anew', folder)
      .option('--days <n>', 'so many days up to now', wholeNumber('--days', 1, 36_500), 90)
      .option(
        '--horizon-minutes <n>',
        'of the label; the cycles’ own without',
        wholeNumber('--horizon-minutes', 1, 10_080),
      )
      .option(
        '--embargo-minutes <n>',
        'left out behind each boundary; the horizon without',
        wholeNumber('--embargo-minutes', 0, 100_000),
      )
      .addHelpText(
        'after',
        `
Writes samples.parquet, series.parquet (./sapphire models train), instructions.jsonl (FinGPT), card.json and CARD.md.

Examples:
  ./sapphire export training --out training/november
  ./sapphire export training --days 30 --horizon-minutes 15 --out training/short --json`,
      ),
    training,
  );
}
