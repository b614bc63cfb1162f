import { type Command, InvalidArgumentError, Option } from 'commander';
import { consensusRules } from '../../../contracts/config/schema.ts';
import type { CycleRecord } from '../../../contracts/cycle.ts';
import { UserError } from '../../../contracts/errors.ts';
import { type AgentId, agentIds } from '../../../domain/agents.ts';
import { type ConsensusView, formConsensus, type SymbolView } from '../../../domain/consensus.ts';
import { type AgentParticipation, type ConsensusRules, perAgent, pools } from '../../../domain/participation.ts';
import { action } from '../command.ts';
import { type OutputOptions, print, table } from '../output.ts';

type Weights = Partial<Record<AgentId, number>>;

function weights(text: string): Weights {
  const parsed: Weights = {};
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split('=').map((side) => side.trim());
    const agentId = agentIds.find((id) => id === name);
    const weight = Number(value);
    if (!agentId || value === '' || !(weight >= 0 && weight <= 10)) {
      throw new InvalidArgumentError(`--weights must be like deepseek=2,qwen=0 (from 0 to 10), and ${part} is not.`);
    }
    parsed[agentId] = weight;
  }
  return parsed;
}

/** What the recorded answers would have come to under other weights and rules; no agent is asked. */
export function replayConsensus(
  { cycleId, answers, snapshot, consensus }: CycleRecord,
  participation: { version: number; agents: Record<AgentId, AgentParticipation> },
  rules: ConsensusRules,
  changes: Weights,
): ConsensusView {
  if (!snapshot || !consensus) {
    throw new UserError(
      'NothingToReplay',
      `The cycle ${cycleId} formed no consensus: "sapphire cycle show ${cycleId}" says why.`,
    );
  }
  const [signal] = answers.flatMap(({ opinions }) => opinions.filter((opinion) => opinion.kind === 'signal'));
  const agents = perAgent((id): AgentParticipation => {
    const weight = changes[id];
    return weight === undefined ? participation.agents[id] : { enabled: true, weight };
  });
  const symbols = consensus.symbols.map(({ symbol }) => symbol);
  return formConsensus(
    { cycleId, symbols, answers, takenAt: snapshot.takenAt, horizonMs: signal?.horizonMs ?? 0 },
    { version: participation.version, agents, ...rules },
  );
}

export function registerReplay(program: Command): void {
  action<OutputOptions & { weights?: Weights; pool?: ConsensusRules['pool'] }, [string]>(
    program
      .command('replay')
      .argument('<id>', 'cycle id, as "cycle list" prints it')
      .description('form the consensus of a past cycle again from its recorded answers, asking no agent')
      .option('--weights <list>', 'other weights than today’s, e.g. deepseek=2,qwen=0', weights)
      .addOption(new Option('--pool <name>', 'another pool than the configured one').choices(pools))
      .addHelpText(
        'after',
        '\nExample:\n  sapphire replay cycle/main-2026-01-05T10:00:00Z --weights deepseek=2,qwen=0 --pool log',
      ),
    async ({ configuration, journal }, options, id) => {
      const books = await journal();
      const record = await books.cycles.find(id);
      if (!record) {
        throw new UserError('CycleUnknown', `There is no cycle ${id}; "sapphire cycle list" prints the last ones.`);
      }
      const configured = consensusRules(configuration);
      const rules = { ...configured, pool: options.pool ?? configured.pool };
      const replayed = replayConsensus(record, await books.participation.read(), rules, options.weights ?? {});
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

function line(which: string, { symbol, direction, probabilities, conviction, dissent, votes }: SymbolView): string[] {
  const { up, flat, down } = probabilities;
  const numbers = [up, flat, down, conviction, dissent].map((value) => value.toFixed(3));
  const counted = votes.filter((vote) => vote.counted).map(({ agentId, weight }) => `${agentId} ${weight.toFixed(2)}`);
  return [symbol, which, direction, ...numbers, counted.join(', ') || 'none'];
}
