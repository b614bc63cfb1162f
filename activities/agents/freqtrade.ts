import { z } from 'zod';
import { type AbstentionReason, abstain } from '../../domain/signals.ts';
import { type Agent, freeAnswer, symbolsOf } from './port.ts';
import { originOf, probe } from './probe.ts';

const pongSchema = z.object({ status: z.literal('pong') });

/** Freqtrade advises from an engine of its own, on an account of its own. Until its signals are read it abstains and says what it found. */
export function createFreqtrade(settings: { baseUrl?: string | undefined }): Agent {
  return {
    id: 'freqtrade',
    async answer(request, signal) {
      const { reason, detail } = await inspect(settings.baseUrl, signal);
      return freeAnswer(
        { agentId: 'freqtrade', model: 'none', version: '1' },
        abstain('freqtrade', symbolsOf(request), reason, detail),
      );
    },
  };
}

async function inspect(
  baseUrl: string | undefined,
  signal: AbortSignal,
): Promise<{ reason: AbstentionReason; detail: string }> {
  if (baseUrl === undefined) {
    return {
      reason: 'no_endpoint',
      detail: "Set agents.freqtrade.baseUrl to the address of a Freqtrade bot's REST API.",
    };
  }
  const pong = pongSchema.safeParse(await probe(baseUrl, '/api/v1/ping', signal));
  return pong.success
    ? {
        reason: 'not_configured',
        detail: `Freqtrade answers at ${originOf(baseUrl)}, but Sapphire does not read its strategy's signals yet.`,
      }
    : {
        reason: 'unavailable',
        detail: `No Freqtrade answers /api/v1/ping at ${originOf(baseUrl)}: start it or correct agents.freqtrade.baseUrl.`,
      };
}
