import { z } from 'zod';
import type { AbstentionReason } from '../../domain/signals.ts';
import { abstain } from '../../domain/signals.ts';
import { type Agent, freeAnswer, symbolsOf } from './port.ts';
import { originOf, probe } from './probe.ts';

const modelListSchema = z.object({ data: z.array(z.object({ id: z.string() })) });

/** FinGPT scores the sentiment of news. Without an endpoint, the model or news it abstains and says what is missing. */
export function createFinGpt(settings: { baseUrl?: string | undefined }): Agent {
  return {
    id: 'fingpt',
    async answer(request, signal) {
      const { model, reason, detail } = await inspect(settings.baseUrl, signal);
      return freeAnswer(
        { agentId: 'fingpt', model, version: '1' },
        abstain('fingpt', symbolsOf(request), reason, detail),
      );
    },
  };
}

async function inspect(
  baseUrl: string | undefined,
  signal: AbortSignal,
): Promise<{ model: string; reason: AbstentionReason; detail: string }> {
  if (baseUrl === undefined) {
    const detail = 'Set agents.fingpt.baseUrl to an OpenAI-compatible server that serves a FinGPT model.';
    return { model: 'none', reason: 'no_endpoint', detail };
  }
  const list = modelListSchema.safeParse(await probe(baseUrl, '/v1/models', signal));
  if (!list.success) {
    const detail = `${originOf(baseUrl)} gives no list of models at /v1/models: start the server or correct agents.fingpt.baseUrl.`;
    return { model: 'none', reason: 'unavailable', detail };
  }
  const model = list.data.data.find(({ id }) => /fingpt/i.test(id))?.id.slice(0, 80);
  if (model === undefined) {
    const detail = `${originOf(baseUrl)} serves no model whose id contains "fingpt": load a FinGPT adapter under such a name.`;
    return { model: 'none', reason: 'wrong_model', detail };
  }
  const detail = 'A FinGPT model is served, but sentiment needs a news feed, which Sapphire does not read yet.';
  return { model, reason: 'not_configured', detail };
}
