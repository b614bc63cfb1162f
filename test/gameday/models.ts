import { setTimeout as sleep } from 'node:timers/promises';
import { startFakeProvider } from '../agents/fake-provider.ts';
import { goodReply } from '../agents/replies.ts';
import { MODEL_HOST } from './hazards.ts';

const MODEL_PERIOD_MS = 45_000;

/** Of a seat that answers, and too late. */
const LATE_MS = { least: 11_000, most: 35_000 };

export type ModelMode = 'well' | 'away' | 'garbage' | 'silent' | 'slow';

export interface Models {
  mode: ModelMode;
  /** By the name of a host that only the stack finds. */
  baseUrl: string;
  close(): Promise<void>;
}

/** Hosted models that change their mind every 45 s, and do as they are told. */
export async function startModels(): Promise<Models> {
  const state: { mode: ModelMode } = { mode: 'well' };
  const provider = await startFakeProvider(async (request) => {
    if (state.mode === 'slow') await sleep(LATE_MS.least + Math.random() * (LATE_MS.most - LATE_MS.least));
    if (state.mode === 'away') return { status: 503, body: '{}' };
    if (state.mode === 'silent') return { stall: 'never' };
    if (state.mode === 'garbage')
      return { content: 'Sure! I would buy {"signals": [{"symbol": "BTC/USDT", "price": 1e999' };
    const up = Math.floor(Date.now() / MODEL_PERIOD_MS) % 2 === 0;
    const probabilities = up ? { up: 0.9, flat: 0.08, down: 0.02 } : { up: 0.02, flat: 0.08, down: 0.9 };
    return {
      content: goodReply(request, { probabilities, expected_return_bps: up ? 90 : -90, conviction: 0.9 }),
      usage: { prompt_tokens: 2_000, completion_tokens: 300, total_tokens: 2_300 },
    };
  });
  return Object.assign(state, {
    baseUrl: provider.baseUrl.replace('127.0.0.1', MODEL_HOST),
    close: () => provider.close(),
  });
}
