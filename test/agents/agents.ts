import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createAgentActivities } from '../../activities/agents/index.ts';
import { agentsSchema } from '../../contracts/config/agents.ts';
import { type PackedAnswer, unpacked } from '../../contracts/packed-answer.ts';
import type { AgentQuestion } from '../../contracts/signals.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { createLogger } from '../../runtime/telemetry/logger.ts';
import { createSnapshotReader, type ReadSnapshot } from '../../stores/market-buffer/snapshots.ts';
import { type AgentSecrets, createAgents } from '../../trading/agents/create.ts';
import type { ModelCalls } from '../../trading/agents/language-models/metering.ts';
import type { Agent } from '../../trading/agents/port.ts';
import type { RememberNews } from '../../trading/agents/sentiment/sentiment-agent.ts';

export const DEEPSEEK_KEY = 'sk-deepseek-canary-1f2e3d4c';
export const QWEN_KEY = 'sk-qwen-canary-9a8b7c6d';

export interface Asked {
  answer: AgentAnswer;
  logLines: string[];
}

export interface AskOptions {
  attempt?: number;
  startToCloseTimeoutMs?: number;
  environment?: MockActivityEnvironment;
  logLines?: string[];
  readSnapshot?: ReadSnapshot;
}

/** Of questions that bring their snapshot along. */
export const noBuffer: ReadSnapshot = createSnapshotReader({ kept: async () => undefined });

/** Asks an agent as its worker does: through the activity, with a log that scrubs nothing, so that a leak shows. */
export async function ask(agent: Agent, request: AgentQuestion, options: AskOptions = {}): Promise<Asked> {
  const logLines = options.logLines ?? [];
  const logger = createLogger({
    process: 'test',
    level: 'trace',
    destination: { write: (line) => void logLines.push(line) },
  });
  const environment =
    options.environment ??
    new MockActivityEnvironment(
      { attempt: options.attempt ?? 1, startToCloseTimeoutMs: options.startToCloseTimeoutMs ?? 10_000 },
      { logger: new DefaultLogger('ERROR') },
    );
  const { askAgent } = createAgentActivities({
    agents: { [agent.id]: agent },
    readSnapshot: options.readSnapshot ?? noBuffer,
    logger,
  });
  const answer = await environment.run<[AgentId, AgentQuestion], AgentAnswer | PackedAnswer, typeof askAgent>(
    askAgent,
    agent.id,
    request,
  );
  return { answer: unpacked(answer), logLines };
}

/** A fake of the books, for tests of what is said over the wire: everything may be spent, and nothing is kept. */
export const uncounted: ModelCalls = {
  reserve: async () => ({ granted: true, cycleUsd: '0', dayUsd: '0' }),
  settle: async () => undefined,
};

/** An agent out of the same wiring that the workers use. */
/** For tests that learn nothing from news. */
export const forgetNews: RememberNews = async () => undefined;

export function agentFrom(
  agentId: AgentId,
  settings: Record<string, unknown> = {},
  secrets: AgentSecrets = {},
  modelCalls: ModelCalls = uncounted,
  rememberNews: RememberNews = forgetNews,
): Agent {
  const agent = createAgents({
    engines: [],
    modelCalls,
    rememberNews,
    configuration: { agents: agentsSchema.parse(settings) },
    secrets,
  })[agentId];
  if (agent === undefined) throw new Error(`${agentId} is not built`);
  return agent;
}

export function reasonsOf(answer: AgentAnswer): string[] {
  return answer.opinions.map((opinion) => (opinion.kind === 'abstention' ? opinion.reason : 'signal'));
}

export function detailOf(answer: AgentAnswer): string {
  const opinion = answer.opinions[0];
  if (opinion?.kind !== 'abstention') throw new Error('the first opinion is no abstention');
  return opinion.detail;
}
