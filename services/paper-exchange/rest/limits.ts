import { refuse } from './errors.ts';

const MINUTE_MS = 60_000;
const TEN_SECONDS_MS = 10_000;
const DAY_MS = 86_400_000;
/** Refused requests of one payer in a minute after which it is banned. */
const TOLERATED_REFUSALS = 50;
const BAN_MS = 120_000;

interface Window {
  startedAt: number;
  used: number;
}

/**
 * Whose budget of weight a request uses up. Binance counts all by address. Here strangers share the address of this machine with those who
 * trade, so that who names an account's key has a budget that nobody else can use up.
 */
export function payerOf(account: { id: number } | undefined, address: string): string {
  return account === undefined ? `address ${address}` : `account ${account.id}`;
}

/** Fixed windows as Binance counts them: request weight per payer, orders per account. */
export class RateLimits {
  readonly weightPerMinute: number;
  readonly ordersPerTenSeconds: number;
  readonly #weights = new Map<string, Window & { refused: number; bannedUntil: number }>();
  readonly #orders = new Map<number, { short: Window; day: Window }>();

  constructor(limits: { requestWeightPerMinute: number; ordersPerTenSeconds: number }) {
    this.weightPerMinute = limits.requestWeightPerMinute;
    this.ordersPerTenSeconds = limits.ordersPerTenSeconds;
  }

  /** Adds a request's weight; returns what the payer has used in this minute or throws 429 or 418. */
  spend(payer: string, weight: number, now: number): number {
    const startedAt = now - (now % MINUTE_MS);
    let window = this.#weights.get(payer);
    if (!window) {
      window = { startedAt, used: 0, refused: 0, bannedUntil: 0 };
      this.#weights.set(payer, window);
    }
    if (window.bannedUntil > now) throw refuse.banned(window.bannedUntil, seconds(window.bannedUntil - now));
    if (window.startedAt !== startedAt) Object.assign(window, { startedAt, used: 0, refused: 0 });
    window.used += weight;
    if (window.used <= this.weightPerMinute) return window.used;
    window.refused += 1;
    if (window.refused > TOLERATED_REFUSALS) {
      window.bannedUntil = now + BAN_MS;
      throw refuse.banned(window.bannedUntil, seconds(BAN_MS));
    }
    throw refuse.weight(this.weightPerMinute, seconds(startedAt + MINUTE_MS - now));
  }

  used(payer: string): number {
    return this.#weights.get(payer)?.used ?? 0;
  }

  /** Counts a new order; throws 429 when the account has sent too many. */
  countOrder(account: number, now: number): void {
    const counts = this.#countsOf(account, now);
    if (counts.short.used >= this.ordersPerTenSeconds) {
      throw refuse.orders(this.ordersPerTenSeconds, seconds(counts.short.startedAt + TEN_SECONDS_MS - now));
    }
    counts.short.used += 1;
    counts.day.used += 1;
  }

  orderCounts(account: number, now: number): { tenSeconds: number; day: number } {
    const { short, day } = this.#countsOf(account, now);
    return { tenSeconds: short.used, day: day.used };
  }

  #countsOf(account: number, now: number): { short: Window; day: Window } {
    let counts = this.#orders.get(account);
    if (!counts) {
      counts = { short: { startedAt: 0, used: 0 }, day: { startedAt: 0, used: 0 } };
      this.#orders.set(account, counts);
    }
    roll(counts.short, TEN_SECONDS_MS, now);
    roll(counts.day, DAY_MS, now);
    return counts;
  }
}

function roll(window: Window, lengthMs: number, now: number): void {
  const startedAt = now - (now % lengthMs);
  if (window.startedAt === startedAt) return;
  window.startedAt = startedAt;
  window.used = 0;
}

function seconds(durationMs: number): number {
  return Math.max(1, Math.ceil(durationMs / 1_000));
}
