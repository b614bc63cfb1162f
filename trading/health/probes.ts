import { statfs } from 'node:fs/promises';
import { z } from 'zod';
import { type Observation, observed } from '../../domain/health/health.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { strangerIn } from '../../runtime/telemetry/stranger.ts';
import type { Listing } from '../../venues/port.ts';

const TIMEOUT_MS = 2_000;
/** Beyond this the exchange refuses what is signed: its window is as wide. */
const MOST_SKEW_MS = 1_000;
const LEAST_FREE_BYTES = 500 * 1024 * 1024;
const LEAST_FREE_SHARE = 0.03;

/** What is behind it, where something is: a refused update says why in its cause. */
export function wordsOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (cause instanceof Error ? cause.message : String(cause)).slice(0, 300);
}

const answerSchema = z.object({
  components: z.record(z.string(), z.string()).default({}),
  breakers: z.record(z.string(), z.string()).default({}),
  since: z.number().optional(),
});

/** Seen on their own: a process that waits for one of them is not a second incident. */
const OWN_PROBE = ['journal', 'exchange', 'control'];

/** Whether a process answers, and nobody in its place, what it lacks, and which of its breakers are open. */
export async function probeProcess({ name, url }: { name: string; url: string }): Promise<Observation[]> {
  const component = `process/${name}`;
  try {
    const alive = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await alive.text();
    const stranger = strangerIn(text, { name, url });
    if (stranger !== undefined) return [{ component, code: 'process.silent', detail: stranger }];
    if (!alive.ok) {
      const detail = `${name} says that it does not work: ${text.slice(0, 300)}`;
      return [{ component, code: 'process.silent', detail, since: sinceIn(text) }];
    }
    const ready = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { components, breakers } = answerSchema.parse(await ready.json());
    const lacking = Object.entries(components).filter(([part, result]) => result !== 'ok' && !OWN_PROBE.includes(part));
    const words = lacking.map(([part, result]) => `${part}: ${result}`).join('; ');
    return [
      observed(component, lacking.length > 0 && { code: 'process.unready', detail: `${name} waits for ${words}` }),
      ...Object.entries(breakers).map(([breaker, state]) => {
        const detail = `${name} leaves ${breaker} alone for now: it failed five times in a row`;
        return observed(`breaker/${breaker}`, state === 'open' && { code: 'breaker.open', detail });
      }),
    ];
  } catch (error) {
    return [{ component, code: 'process.silent', detail: `${name} does not answer at ${url}: ${wordsOf(error)}` }];
  }
}

/** When it worked last, where it knows. */
function sinceIn(body: string): number | undefined {
  try {
    return answerSchema.parse(JSON.parse(body)).since;
  } catch {
    return undefined;
  }
}

export interface ExchangeView {
  /** Not corrected by anything, UTC epoch milliseconds. */
  serverTime(): Promise<number>;
  /** A signed read. */
  balances(): Promise<unknown>;
  /** Whether its request weight leaves room for a look. Stand-ins always have it. */
  hasRoom?(): boolean;
  /** Whether the exchange said no, in place of giving no answer. */
  isRefusal(error: unknown): boolean;
  /** Whether orders on a symbol are taken. */
  listing(symbol: string): Listing;
  /** In the exchange's own words of this moment; where the list of markets says otherwise, it is read anew. Stand-ins have none. */
  statuses?(symbols: readonly string[]): Promise<unknown>;
  /** Undefined where the market of a symbol has no candle of that minute. */
  priceAt?(symbol: string, at: number): Promise<string | undefined>;
}

/** How old the newest candle of a market may be. */
const CANDLE_AGE_MS = 180_000;

/** Whether the exchange answers, its clock and ours agree, it takes our keys, and its market goes on. */
export async function probeExchange(exchange: ExchangeView, symbols: readonly string[]): Promise<Observation[]> {
  const component = 'exchange';
  const sentAt = Date.now();
  try {
    const serverTime = await exchange.serverTime();
    const skewMs = Math.round(serverTime - (sentAt + Date.now()) / 2);
    const skewed = `the exchange's clock is ${Math.abs(skewMs)} ms ${skewMs < 0 ? 'behind' : 'ahead of'} ours, ${MOST_SKEW_MS} ms at most are usual: requests bear its time, books and logs ours`;
    const clock = observed(
      'exchange/clock',
      Math.abs(skewMs) > MOST_SKEW_MS && { code: 'exchange.clock_skew', detail: skewed },
    );
    const account = await exchange.balances().then(
      () => observed(component),
      (error: unknown): Observation => {
        const detail = `the exchange gives no balances: ${wordsOf(error)}`;
        if (exchange.isRefusal(error)) return { component, code: 'exchange.refuses', detail };
        // It has just told its time, and nobody asked it for more: what we may ask of it in this minute was used up.
        return observed(component, (exchange.hasRoom?.() ?? true) && { code: 'exchange.away', detail });
      },
    );
    // A halt is told to nobody, and no read of ours is refused by it: the next look has it from the list. Who is away is an incident above.
    await exchange.statuses?.(symbols).catch(() => undefined);
    const { priceAt } = exchange;
    const markets = priceAt
      ? await Promise.all(
          // One that is not traded is an incident of its own.
          symbols.map(async (symbol) =>
            exchange.listing(symbol) === 'traded'
              ? probeMarket(symbol, (at) => priceAt(symbol, at), serverTime)
              : [observed(`market/${symbol}`)],
          ),
        )
      : [];
    return [clock, account, ...markets.flat()];
  } catch (error) {
    const code = exchange.isRefusal(error) ? 'exchange.refuses' : 'exchange.away';
    return [{ component, code, detail: `the exchange gives no time: ${wordsOf(error)}` }];
  }
}

async function probeMarket(
  symbol: string,
  priceAt: (at: number) => Promise<string | undefined>,
  now: number,
): Promise<Observation[]> {
  const component = `market/${symbol}`;
  try {
    const price = await priceAt(now - CANDLE_AGE_MS);
    const detail = `${symbol} has no candle of ${CANDLE_AGE_MS / 1_000} s ago: its market stands still, or its data does`;
    return [observed(component, price === undefined && { code: 'market.stale', detail })];
  } catch {
    // The exchange that does not answer is an incident of its own.
    return [];
  }
}

/** A cycle asks Temporal a dozen times. */
export const MOST_ANSWER_MS = 1_000;
/** From the time that a look was due to its beginning Temporal has given out three tasks. */
const MOST_LATE_MS = 2_000;

/**
 * Whether Temporal answers and gives out its tasks in time.
 *
 * @param ask reads something from its database, within a time of its own
 * @param lateMs how much later than it was due this very look began
 */
export async function probeTemporal(ask: () => Promise<unknown>, lateMs: number): Promise<Observation[]> {
  const component = 'temporal';
  const slow = (detail: string): Observation[] => [{ component, code: 'temporal.slow', detail }];
  if (lateMs > MOST_LATE_MS)
    return slow(`a look began ${lateMs} ms late: Temporal, its database or this worker is slow, or stood still`);
  const askedAt = performance.now();
  const failure = await ask().then(
    () => undefined,
    (error: unknown) => error,
  );
  const tookMs = Math.round(performance.now() - askedAt);
  if (tookMs > MOST_ANSWER_MS)
    return slow(`Temporal took ${tookMs} ms for an answer, ${MOST_ANSWER_MS} ms at most are usual`);
  if (failure !== undefined) throw failure;
  return [observed(component)];
}

/** Room on the disk of a folder. */
export async function probeDisk(folder: string): Promise<Observation[]> {
  const { bavail, blocks, bsize } = await statfs(folder);
  const [free, size] = [bavail * bsize, blocks * bsize];
  metrics.dataDiskFree.set(free);
  metrics.dataDiskSize.set(size);
  const isLow = free < LEAST_FREE_BYTES || free < LEAST_FREE_SHARE * size;
  const detail = `${Math.round(free / 1024 / 1024)} MB of ${Math.round(size / 1024 / 1024)} MB are free at ${folder}`;
  return [{ component: 'disk', detail, ...(isLow ? { code: 'disk.low' as const } : {}) }];
}

/** A probe that fails itself says nothing of its component: what was known of it stays. */
export async function unlessItFails(
  probe: () => Promise<Observation[]>,
  onFailure: (error: unknown) => void,
): Promise<Observation[]> {
  try {
    return await probe();
  } catch (error) {
    onFailure(error);
    return [];
  }
}
