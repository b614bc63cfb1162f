import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { via } from '../../../contracts/audit.ts';
import { UserError } from '../../../contracts/errors.ts';
import type { ModelVersion } from '../../../contracts/models.ts';
import { trainLagLlama } from '../../controls/models/train.ts';
import { keepWeights } from '../../controls/models/weights.ts';
import { engineRequirements } from '../../stack/engines.ts';
import { pythonEnvironment } from '../../stack/python-environment.ts';
import { clock } from '../../views/cycle-view.ts';
import { action, reasonOption, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print, progress } from '../output.ts';
import { table } from '../table.ts';

interface TrainOptions extends OutputOptions {
  data: string;
  steps: number;
  seed: number;
  base?: string;
  baseSha256?: string;
}

function describe({ agentId, training, state }: ModelVersion): string {
  const { heldOutLoss, baseLoss, naiveLoss } = training;
  return `${agentId} is a ${state}: held-out loss ${heldOutLoss.toFixed(4)}, before the training ${baseLoss.toFixed(4)}, of a random walk ${naiveLoss.toFixed(4)}`;
}

async function train({ journal, user }: CliContext, options: TrainOptions): Promise<void> {
  if ((options.base === undefined) !== (options.baseSha256 === undefined)) {
    throw new UserError(
      'HashMissing',
      '--base and --base-sha256 come together: weights are opened only by their hash.',
    );
  }
  const python = await pythonEnvironment(engineRequirements['lag-llama'], { onProgress: progress });
  const folder = await mkdtemp(join(tmpdir(), 'sapphire-training-'));
  const stop = new AbortController();
  const onStop = (): void => stop.abort();
  process.once('SIGINT', onStop).once('SIGTERM', onStop);
  try {
    const { file, ...training } = await trainLagLlama(
      python,
      {
        data: resolve(options.data),
        out: join(folder, 'model.safetensors'),
        steps: options.steps,
        seed: options.seed,
        ...(options.base === undefined || options.baseSha256 === undefined
          ? {}
          : { base: { file: resolve(options.base), sha256: options.baseSha256 } }),
      },
      { onProgress: progress, signal: stop.signal },
    );
    const place = await keepWeights(training.agent, file, training.sha256);
    const reason = `trained on ${training.dataHash.slice(0, 12)}`;
    const version = await (await journal()).models.register({ training, by: user, reason, via: via.os(user) });
    print({ ...version, file: place }, options, () => [
      describe(version),
      `It is asked from the next cycle on where a worker of ${version.seat} runs, and votes once its scores have earned it.`,
      place,
    ]);
  } finally {
    process.removeListener('SIGINT', onStop).removeListener('SIGTERM', onStop);
    await rm(folder, { recursive: true, force: true });
  }
}

async function list({ configuration, journal }: CliContext, options: OutputOptions): Promise<void> {
  const books = await journal();
  const [versions, scores] = await Promise.all([books.models.list(), books.scores.read(configuration.account)]);
  const rows = versions.map((version) => ({
    ...version,
    score: scores.find(({ agentId }) => agentId === version.agentId),
  }));
  print(rows, options, () =>
    table(
      [
        'model',
        'state',
        'held-out loss',
        { title: 'before', least: 4 },
        { title: 'random walk', least: 2 },
        { title: 'data', least: 6 },
        { title: 'horizons', least: 8 },
        { title: 'directional skill', least: 1 },
        { title: 'trials', least: 7 },
        { title: 'registered', least: 3 },
        { title: 'by', least: 5 },
      ],
      rows.map(({ agentId, state, training, score, trial, registeredAt, registeredBy }) => [
        agentId,
        state,
        training.heldOutLoss.toFixed(4),
        training.baseLoss.toFixed(4),
        training.naiveLoss.toFixed(4),
        training.dataHash.slice(0, 12),
        (score?.horizons ?? 0).toFixed(0),
        score ? `${(score.directionalSkill * 100).toFixed(1)} %` : 'not known',
        String(trial.count),
        clock(registeredAt),
        registeredBy,
      ]),
    ),
  );
}

export function registerModels(program: Command): void {
  const models = program
    .command('models')
    .description('versions of models that were trained here: shadows until their scores earn them a vote');

  action<OutputOptions>(
    models
      .command('list')
      .description('every version with its losses, its data and its score')
      .addHelpText('after', '\nExample:\n  ./sapphire models list --json'),
    list,
  );

  action<TrainOptions, ['lag-llama']>(
    models
      .command('train')
      .argument('<agent>', 'lag-llama')
      .description('train on an exported set, register the result, and let it run as a shadow')
      .requiredOption('--data <folder>', 'made by "./sapphire export training"')
      .option('--steps <n>', 'of the optimiser, at most', wholeNumber('--steps', 1, 1_000_000), 200)
      .option(
        '--seed <n>',
        'the same seed, data and weights give the same result on a CPU',
        wholeNumber('--seed', 0, 2 ** 31),
        1,
      )
      .addOption(new Option('--base <file>', 'weights to begin with; from scratch without'))
      .addOption(new Option('--base-sha256 <hash>', 'of these weights'))
      .addHelpText(
        'after',
        `
Examples:
  ./sapphire export training --out training/november
  ./sapphire models train lag-llama --data training/november --steps 500
  ./sapphire models list`,
      ),
    async (context, options, agent) => {
      if (agent !== 'lag-llama') {
        throw new UserError(
          'NotTrained',
          `${String(agent)} cannot be trained here; lag-llama can. For FinGPT the export has instructions.jsonl.`,
        );
      }
      await train(context, options);
    },
  );

  for (const [name, description] of [
    ['promote', 'have it vote from the next cycle on, whatever its scores'],
    ['retire', 'ask it no more; its record stays'],
  ] as const) {
    action<OutputOptions & { reason: string }>(
      models
        .command(`${name} <model>`)
        .description(description)
        .requiredOption('--reason <text>', 'for the audit trail', reasonOption)
        .addHelpText('after', `\nExample:\n  ./sapphire models ${name} lag-llama-3f2a9c1b --reason "..."`),
      async ({ journal, user }, options, agentId) => {
        const version = await (await journal()).models[name]({
          agentId,
          by: user,
          reason: options.reason,
          via: via.os(user),
        });
        print(version, options, () => describe(version));
      },
    );
  }
}
