import { z } from 'zod';
import { quotingViewSchema } from '../../../contracts/hummingbot.ts';
import { createBreaker } from '../../../runtime/telemetry/breaker.ts';
import { boundedFetch } from '../bounded-fetch.ts';
import { type EngineView, type EngineViews, readView } from './hummingbot-engine.ts';

const TIMEOUT_MS = 2_000;

/** Of a bot that runs our controller; one that runs another has other information, which says nothing here. */
const controllerSchema = z.looseObject({ status: z.string(), custom_info: z.unknown() });
/** `GET /bot-orchestration/status` of hummingbot-api 1.x: every active bot with what its controllers report. */
const statusSchema = z.looseObject({
  status: z.literal('success'),
  data: z.record(
    z.string(),
    z.looseObject({ status: z.string(), performance: z.record(z.string(), controllerSchema).optional() }),
  ),
});

export interface HummingbotApi {
  baseUrl: string;
  username: string;
  password: string | undefined;
}

/**
 * The views of bots that the user's own hummingbot-api runs with our controller `sapphire_quotes`. It is asked and told nothing. Whatever is amiss
 * leaves the seat to our own quoting logic; of several bots that quote a symbol the newest view counts.
 */
export function createApiViews(api: HummingbotApi, now: () => number = Date.now): EngineViews {
  const url = `${api.baseUrl.replace(/\/+$/, '')}/bot-orchestration/status`;
  const credentials = Buffer.from(`${api.username}:${api.password ?? ''}`).toString('base64');
  const breaker = createBreaker('agents', 'hummingbot-api');
  return async (signal) => {
    try {
      const status = await breaker.execute(async () => {
        const response = await boundedFetch(url, {
          signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
          headers: { accept: 'application/json', authorization: `Basic ${credentials}` },
          redirect: 'error',
        });
        if (!response.ok) throw new Error(`status ${response.status}`);
        return statusSchema.parse(await response.json());
      });
      return newest(status, now());
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  };
}

function newest({ data }: z.output<typeof statusSchema>, now: number): Map<string, EngineView> | undefined {
  const views = new Map<string, EngineView>();
  for (const { status, performance = {} } of Object.values(data)) {
    if (status !== 'running') continue;
    for (const controller of Object.values(performance)) {
      const parsed = quotingViewSchema.safeParse(controller.custom_info);
      const view = parsed.success ? readView(parsed.data, now - parsed.data.at * 1_000) : undefined;
      const symbol = parsed.data?.trading_pair.replace('-', '/') ?? '';
      if (view && view.ageMs < (views.get(symbol)?.ageMs ?? Number.POSITIVE_INFINITY)) views.set(symbol, view);
    }
  }
  return views.size > 0 ? views : undefined;
}
