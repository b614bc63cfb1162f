import { engineStateSchema, type QuotingView } from '../../../contracts/hummingbot.ts';
import { decimal, text } from '../../../domain/money/money.ts';
import { clamp } from '../../../domain/statistics/statistics.ts';
import { createBreaker } from '../../../runtime/telemetry/breaker.ts';
import { boundedFetch } from '../bounded-fetch.ts';

/** A second of a local process's time, and a view that is older than this says nothing of now. */
const TIMEOUT_MS = 1_000;
const MAX_AGE_MS = 15_000;

/** How the engine quotes one symbol. */
export interface EngineView {
  reservationPrice: string;
  /** From bid to ask, in the quote currency. */
  spread: string;
  /** Base value against its target, −1 to 1. */
  skew: number;
  /** Distance of the reservation price from the mid in half-spreads, −1 to 1. */
  tilt: number;
  ageMs: number;
}

/** How the engine quotes now, by symbol; undefined where it does not run or does not say. */
export type EngineViews = (signal: AbortSignal) => Promise<Map<string, EngineView> | undefined>;

/**
 * Asks the process beside Hummingbot's engine. Whatever is amiss there (no answer, an engine that is halted, a stale or odd report) leaves that
 * symbol, or all of them, to our own quoting logic: the seat is never empty.
 */
export function createEngineViews(url: string, now: () => number = Date.now): EngineViews {
  const breaker = createBreaker('agents', 'hummingbot');
  return async (signal) => {
    try {
      const state = await breaker.execute(async () => {
        const response = await boundedFetch(`${url}/state`, {
          signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
          redirect: 'error',
        });
        return await response.json();
      });
      const parsed = engineStateSchema.safeParse(state);
      if (!parsed.success || parsed.data.state !== 'quoting') return undefined;
      const views = parsed.data.controllers.flatMap(({ view, reportedAt }): [string, EngineView][] => {
        const read = view && readView(view, now() - reportedAt);
        return view && read ? [[view.trading_pair.replace('-', '/'), read]] : [];
      });
      return views.length > 0 ? new Map(views) : undefined;
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  };
}

/** Undefined for a view that is too old or odd to count. */
export function readView(view: QuotingView, ageMs: number): EngineView | undefined {
  const [mid, reservation, spread] = [decimal(view.mid), decimal(view.reservation_price), decimal(view.spread)];
  const skew = Number(view.inventory_skew);
  if (ageMs > MAX_AGE_MS || !mid.gt(0) || !reservation.gt(0) || !spread.gt(0) || Math.abs(skew) > 1) return undefined;
  return {
    reservationPrice: text(reservation.toDecimalPlaces(8)),
    spread: text(spread.toDecimalPlaces(8)),
    skew,
    tilt: clamp(reservation.minus(mid).div(spread.div(2)).toNumber(), -1, 1),
    ageMs,
  };
}
