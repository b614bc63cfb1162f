import { resolve } from 'node:path';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import { freqtradeEngineUrl, hummingbotEngineUrl } from '../../runtime/configuration/addresses.ts';
import type { Engine } from '../../runtime/configuration/engines.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { addressesIn, type Secrets } from '../../runtime/configuration/secrets.ts';
import { createBaseline } from './baseline/baseline.ts';
import { createForecasterSeat } from './forecasters/forecaster-seat.ts';
import { createFreqtrade, type FreqtradeSettings } from './freqtrade/freqtrade.ts';
import { createHummingbotSeat } from './hummingbot/hummingbot.ts';
import { createApiViews } from './hummingbot/hummingbot-api.ts';
import { createEngineViews, type EngineViews } from './hummingbot/hummingbot-engine.ts';
import { createLanguageModel } from './language-models/language-model.ts';
import type { ModelCalls } from './language-models/metering.ts';
import type { Agent } from './port.ts';
import { createFinGpt, type RememberNews } from './sentiment/fingpt.ts';
import { createFeed } from './sentiment/news/feed.ts';
import { createNewsFile } from './sentiment/news/file.ts';
import type { NewsSource } from './sentiment/news/port.ts';

/** The same question gets the same answer, as far as the provider keeps to it. DeepSeek documents none. */
const SEED = 1;

export type AgentSecrets = Pick<
  Partial<Secrets>,
  | 'deepseekApiKey'
  | 'qwenApiKey'
  | 'fingptApiKey'
  | 'newsFeeds'
  | 'hummingbotApiPassword'
  | 'freqtradePassword'
  | 'freqtradeEngineToken'
>;

/**
 * Every agent as it is configured, except a forecaster whose queue is served by a worker of its own: ours must not poll that queue then, or it
 * would take questions away from the model.
 */
export function createAgents({
  configuration: { agents },
  secrets,
  engines,
  modelCalls,
  rememberNews,
}: {
  configuration: Pick<Configuration, 'agents'>;
  secrets: AgentSecrets;
  /** That run beside the stack. */
  engines: readonly Engine[];
  /** Where each request to a language model is reserved and kept. */
  modelCalls: ModelCalls;
  rememberNews: RememberNews;
}): Partial<Record<AgentId, Agent>> {
  return {
    deepseek: createLanguageModel(
      {
        id: 'deepseek',
        ...agents.deepseek,
        apiKey: secrets.deepseekApiKey,
        keyVariable: 'DEEPSEEK_API_KEY',
        extraBody: { thinking: { type: 'disabled' } },
      },
      modelCalls,
    ),
    qwen: createLanguageModel(
      {
        id: 'qwen',
        ...agents.qwen,
        apiKey: secrets.qwenApiKey,
        keyVariable: 'DASHSCOPE_API_KEY',
        seed: SEED,
        extraBody: { enable_thinking: false },
      },
      modelCalls,
    ),
    fingpt: createFinGpt(
      { ...agents.fingpt, apiKey: secrets.fingptApiKey },
      newsSources(agents.fingpt.news, secrets),
      modelCalls,
      rememberNews,
    ),
    ...forecasterSeats(agents, engines),
    freqtrade: createFreqtrade(freqtradeSettings(agents, secrets, engines)),
    hummingbot: createHummingbotSeat(agents.hummingbot, engineViews(agents, secrets, engines)),
    baseline: createBaseline(),
  };
}

/** The engine beside the stack, else one of the user's own, else none. */
function engineViews(
  agents: Configuration['agents'],
  secrets: AgentSecrets,
  engines: readonly Engine[],
): EngineViews | undefined {
  const { apiUrl: baseUrl, apiUsername: username } = agents.hummingbot;
  if (engines.includes('hummingbot')) return createEngineViews(hummingbotEngineUrl({ agents }));
  return baseUrl === undefined
    ? undefined
    : createApiViews({ baseUrl, username, password: secrets.hummingbotApiPassword });
}

function newsSources(
  { feeds, file }: Configuration['agents']['fingpt']['news'],
  { newsFeeds = '' }: AgentSecrets,
): NewsSource[] {
  const addresses = [...feeds, ...addressesIn(newsFeeds)];
  return [...addresses.map(createFeed), ...(file === undefined ? [] : [createNewsFile(resolve(projectFolder, file))])];
}

/** Each password goes to its own Freqtrade alone. */
function freqtradeSettings(
  agents: Configuration['agents'],
  secrets: AgentSecrets,
  engines: readonly Engine[],
): FreqtradeSettings | undefined {
  const { baseUrl, username } = agents.freqtrade;
  if (baseUrl !== undefined) return { baseUrl, username, password: secrets.freqtradePassword };
  if (!engines.includes('freqtrade')) return undefined;
  return { baseUrl: freqtradeEngineUrl({ agents }), username, password: secrets.freqtradeEngineToken };
}

const forecasters = ['lag-llama', 'fracast'] as const;

function forecasterSeats(agents: Configuration['agents'], engines: readonly Engine[]): Partial<Record<AgentId, Agent>> {
  const empty = forecasters.filter((id) => agents[id].worker === 'none' && !engines.includes(id));
  return Object.fromEntries(empty.map((id) => [id, createForecasterSeat(id)]));
}
