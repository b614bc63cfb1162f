import type { Engine } from '../../contracts/config/engines.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { Secrets } from '../../contracts/config/secrets.ts';
import type { AgentId } from '../../domain/agents.ts';
import { createBaseline } from './baseline.ts';
import { createFinGpt } from './fingpt.ts';
import { createForecasterSeat } from './forecaster-seat.ts';
import { createFreqtrade } from './freqtrade.ts';
import { createHummingbotSeat } from './hummingbot.ts';
import { createLanguageModel } from './language-model.ts';
import type { ModelCalls } from './metering.ts';
import type { Agent } from './port.ts';

/** The same question gets the same answer, as far as the provider keeps to it. DeepSeek documents none. */
const SEED = 1;

/**
 * Every agent as it is configured, except a forecaster whose queue is served by a worker of its own: ours must not poll that queue then, or it
 * would take questions away from the model.
 */
export function createAgents({
  configuration: { agents },
  secrets,
  engines,
  modelCalls,
}: {
  configuration: Pick<Configuration, 'agents'>;
  secrets: Pick<Secrets, 'deepseekApiKey' | 'qwenApiKey'>;
  /** That run beside the stack. */
  engines: readonly Engine[];
  /** Where each request to a language model is reserved and kept. */
  modelCalls: ModelCalls;
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
        extraBody: { enable_thinking: false, seed: SEED },
      },
      modelCalls,
    ),
    fingpt: createFinGpt(agents.fingpt),
    ...forecasterSeats(agents, engines),
    freqtrade: createFreqtrade(agents.freqtrade),
    hummingbot: createHummingbotSeat(agents.hummingbot),
    baseline: createBaseline(),
  };
}

const forecasters = ['lag-llama', 'fracast'] as const;

function forecasterSeats(agents: Configuration['agents'], engines: readonly Engine[]): Partial<Record<AgentId, Agent>> {
  const empty = forecasters.filter((id) => agents[id].worker === 'none' && !engines.includes(id));
  return Object.fromEntries(empty.map((id) => [id, createForecasterSeat(id)]));
}
