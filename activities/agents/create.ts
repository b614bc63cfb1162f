import type { Configuration } from '../../contracts/config/schema.ts';
import type { Secrets } from '../../contracts/config/secrets.ts';
import type { AgentId } from '../../domain/agents.ts';
import { createBaseline } from './baseline.ts';
import { createFinGpt } from './fingpt.ts';
import { createFreqtrade } from './freqtrade.ts';
import { createHummingbotSeat } from './hummingbot.ts';
import { createLagLlamaSeat } from './lag-llama.ts';
import { createLanguageModel } from './language-model.ts';
import type { Agent } from './port.ts';

/**
 * Every agent as it is configured. All seven are there, except Lag-Llama when a worker of its own serves its queue: ours must not poll that
 * queue then, or it would take questions away from the model.
 */
export function createAgents({
  configuration: { agents },
  secrets,
}: {
  configuration: Pick<Configuration, 'agents'>;
  secrets: Pick<Secrets, 'deepseekApiKey' | 'qwenApiKey'>;
}): Partial<Record<AgentId, Agent>> {
  return {
    deepseek: createLanguageModel({
      id: 'deepseek',
      ...agents.deepseek,
      apiKey: secrets.deepseekApiKey,
      keyVariable: 'DEEPSEEK_API_KEY',
      extraBody: { thinking: { type: 'disabled' } },
    }),
    qwen: createLanguageModel({
      id: 'qwen',
      ...agents.qwen,
      apiKey: secrets.qwenApiKey,
      keyVariable: 'DASHSCOPE_API_KEY',
      extraBody: { enable_thinking: false },
    }),
    fingpt: createFinGpt(agents.fingpt),
    ...(agents['lag-llama'].worker === 'external' ? {} : { 'lag-llama': createLagLlamaSeat() }),
    freqtrade: createFreqtrade(agents.freqtrade),
    hummingbot: createHummingbotSeat(agents.hummingbot),
    baseline: createBaseline(),
  };
}
