import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CycleRecord } from '../../../contracts/cycle.ts';
import { UserError } from '../../../contracts/errors.ts';
import { didYouMean } from '../../../contracts/near-names.ts';
import { type ConsensusView, formConsensus, type SymbolView, versionOf } from '../../../domain/consensus/consensus.ts';
import { type ParticipationPolicy, type Pool, pools } from '../../../domain/consensus/participation.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import { policyInForce } from '../../../trading/decide/consensus.ts';
import { findCycle } from '../../views/past-cycles.ts';
import { action } from '../command.ts';
import { type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';
import { pastOf } from './cycles.ts';

type Weights = Record<AgentId, number>;

function weights(text: string): Weights {
  const parsed: Weights = {};
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split('=').map((side) => side.trim());
    const weight = Number(value);
    if (!name || value === '' || !(weight >= 0 && weight <= 10)) {
      throw new InvalidArgumentError(`--weights must be like deepseek=2,qwen=0 (from 0 to 10), and ${part} is not.`);
    }
    parsed[name] = weight;
  }
  return parsed;
}

/**
 * What the recorded answers come to under the policy of their day, or under other weights and rules; no agent is asked.
 *
 * @param policy where the record, of an earlier release, does not hold its own
 */
export function replayConsensus(
  { cycleId, answers, snapshot, consensus }: CycleRecord,
  policy: ParticipationPolicy,
  changes: { weights?: Weights | undefined; pool?: Pool | undefined } = {},
): ConsensusView {
  if (!snapshot || !consensus) {
    throw new UserError(
      'NothingToReplay',
      `The cycle ${cycleId} formed no consensus: "./sapphire cycle show ${cycleId}" says why.`,
    );
  }
  const [signal] = answers.flatMap(({ opinions }) => opinions.filter((opinion) => opinion.kind === 'signal'));
  const horizonMs = consensus.horizonMs ?? signal?.horizonMs ?? 0;
  const then: ParticipationPolicy = consensus.policy ?? policy;
  const agents = { ...then.agents };
  for (const [id, weight] of Object.entries(changes.weights ?? {})) {
    const participant = Object.hasOwn(agents, id) ? agents[id] : undefined;
    if (!participant) throw unknownAgent(id, Object.keys(agents));
    // The weight that is named is the weight that counts.
    agents[id] = { ...participant, enabled: true, role: 'voter', weight, pinned: true };
  }
  const symbols = consensus.symbols.map(({ symbol }) => symbol);
  return formConsensus(
    { cycleId, symbols, answers, takenAt: snapshot.takenAt, horizonMs },
    { ...then, agents, pool: changes.pool ?? then.pool },
    versionOf(consensus.method),
  );
}

function unknownAgent(id: string, known: readonly string[]): UserError {
  return new UserError(
    'AgentUnknown',
    `${id} took no part in this decision${didYouMean(id, known) || ';'} ${known.join(', ')} did.`,
  );
}

export function registerReplay(program: Command): void {
  action<OutputOptions & { weights?: Weights; pool?: Pool }, [string]>(
    program
      .command('replay')
      .argument('<id>', 'cycle id, as "cycle list" prints it')
      .description('form the consensus of a past cycle again from its recorded answers, asking no agent')
      .option('--weights <list>', 'other weights than those of its day, e.g. deepseek=2,qwen=0', weights)
      .addOption(new Option('--pool <name>', 'another pool than that of its day').choices(pools))
      .addHelpText(
        'after',
        '\nExample:\n  ./sapphire replay cycle/main-2026-01-05T10:00:00Z --weights deepseek=2,qwen=0 --pool log',
      ),
    async (context, options, id) => {
      const { configuration, journal } = context;
      const books = await journal();
      const { record } = await findCycle(await pastOf(context), tagged(id));
      const replayed = replayConsensus(record, await policyInForce(books, configuration), options);
      const recorded = record.consensus?.symbols ?? [];
      print({ cycleId: id, recorded: record.consensus, replayed }, options, () =>
        table(
          ['symbol', '', 'direction', 'up', 'flat', 'down', 'conviction', 'dissent', 'votes'],
          replayed.symbols.flatMap((view) => {
            const before = recorded.find(({ symbol }) => symbol === view.symbol);
            return [...(before ? [line('recorded', before)] : []), line('replayed', view)];
          }),
        ),
      );
    },
  );
}

type Shown = Pick<SymbolView, 'symbol' | 'direction' | 'probabilities' | 'conviction' | 'dissent' | 'votes'>;

function line(which: string, { symbol, direction, probabilities, conviction, dissent, votes }: Shown): string[] {
  const { up, flat, down } = probabilities;
  const numbers = [up, flat, down, conviction, dissent].map((value) => value.toFixed(3));
  const counted = votes.filter((vote) => vote.counted).map(({ agentId, weight }) => `${agentId} ${weight.toFixed(2)}`);
  return [symbol, which, direction, ...numbers, counted.join(', ') || 'none'];
}
