import { abstain } from '../../domain/signals.ts';
import { type Agent, freeAnswer, symbolsOf } from './port.ts';

/** Lag-Llama runs in a Python worker on its queue. Where none is configured, this seat answers on that queue and says so. */
export function createLagLlamaSeat(): Agent {
  const detail =
    'No GPU or CPU worker of Lag-Llama is configured. Run one on the queue agents-lag-llama and set agents.lag-llama.worker to external.';
  return {
    id: 'lag-llama',
    answer: async (request) =>
      freeAnswer(
        { agentId: 'lag-llama', model: 'none', version: '1' },
        abstain('lag-llama', symbolsOf(request), 'not_configured', detail),
      ),
  };
}
