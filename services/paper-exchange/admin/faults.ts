import { z } from 'zod';
import { type Fate, fates } from '../../../venues/simulated/engine/types.ts';

export const faultKinds = [
  'drop-answer',
  'drop-either',
  'delay',
  'rate-limit',
  'ban',
  'refuse-key',
  'server-error',
  'shuffle-answer',
  'shuffle-events',
  'close-stream',
  'halt-symbol',
  'delist-symbol',
  'lose-order',
  'skew-clock',
  'stale-answer',
  'false-balance',
] as const;

export const faultSchema = z.strictObject({
  kind: z.enum(faultKinds),
  /** Only requests of this method, path (a prefix) and account (name); each may be left out. */
  method: z.enum(['GET', 'POST', 'PUT', 'DELETE']).optional(),
  path: z.string().startsWith('/').optional(),
  account: z.string().optional(),
  /** Requests that it strikes before it is used up; without one it stays until it is deleted. */
  count: z.int().min(1).optional(),
  /** Of the requests that it matches it strikes each n-th alone. */
  every: z.int().min(1).default(1),
  /** For `delay`: how long, and whether before the request is executed or before it is answered. */
  delayMs: z.int().min(0).max(600_000).optional(),
  when: z.enum(['before', 'after']).default('before'),
  /** For `server-error`: the HTTP status, and whether the request is executed nevertheless. */
  status: z.int().min(500).max(599).default(503),
  executed: z.boolean().default(false),
  /** For `halt-symbol` and `delist-symbol`; and what is said of a halted one. */
  symbol: z.string().optional(),
  as: z.enum(['HALT', 'BREAK']).default('HALT'),
  /** For `lose-order`: what becomes of a limit order right after it was answered as new. */
  fate: z.enum(fates).default('FORGOTTEN'),
  /** Ends by itself after so long. */
  forMs: z.int().min(1).max(3_600_000).optional(),
  /** For `skew-clock`: what the exchange's clock says too much. */
  skewMs: z.int().min(-3_600_000).max(3_600_000).default(5_000),
  /** For `false-balance`: what an account is said to have too much. */
  asset: z.string().default('BTC'),
  amount: z
    .string()
    .regex(/^\d+(\.\d+)?$/)
    .default('1'),
});
export type FaultSettings = z.output<typeof faultSchema>;

export interface Fault extends FaultSettings {
  id: number;
  /** Requests that it matched, whether or not it struck them. */
  met: number;
  struck: number;
  /** UTC epoch milliseconds. */
  endsAt: number;
}

/** These wait for no request. */
const apart: readonly FaultSettings['kind'][] = [
  'halt-symbol',
  'delist-symbol',
  'lose-order',
  'close-stream',
  'shuffle-events',
];

/** A list as a faulty venue gives it: the newest first, and one entry twice. */
export function shuffled<T>(list: readonly T[]): T[] {
  return [...list.slice(0, 1), ...list].toReversed();
}

/** Faults that wait for a request. Each strikes in the order of its making; one request meets at most one. */
export class Faults {
  readonly #faults: Fault[] = [];
  /** From the clock on, so that no number comes again after a restart. */
  #nextId = Date.now();

  add(settings: FaultSettings): Fault {
    const endsAt = settings.forMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + settings.forMs;
    const fault: Fault = { ...settings, id: this.#nextId, met: 0, struck: 0, endsAt };
    this.#nextId += 1;
    this.#faults.push(fault);
    return fault;
  }

  all(): Fault[] {
    this.#forget();
    return [...this.#faults];
  }

  clear(): Fault[] {
    return this.#faults.splice(0);
  }

  remove(id: number): Fault | undefined {
    const at = this.#faults.findIndex((fault) => fault.id === id);
    return at < 0 ? undefined : this.#faults.splice(at, 1)[0];
  }

  get any(): boolean {
    this.#forget();
    return this.#faults.length > 0;
  }

  /** Whether an account's events are to be told twice and in the wrong order now. */
  strikeEvents(account: string | undefined): boolean {
    return this.#use(this.#forAccount('shuffle-events', account)) !== undefined;
  }

  /** What is to become of an account's limit order that is placed now. */
  strikeOrder(account: string): Fate | undefined {
    return this.#use(this.#forAccount('lose-order', account))?.fate;
  }

  isDelisted(symbol: string): boolean {
    return this.any && this.#faults.some((fault) => fault.kind === 'delist-symbol' && fault.symbol === symbol);
  }

  /** What is said of a symbol that is halted. */
  haltedAs(symbol: string): 'HALT' | 'BREAK' {
    return this.#faults.find((fault) => fault.kind === 'halt-symbol' && fault.symbol === symbol)?.as ?? 'HALT';
  }

  strike(request: { method: string; path: string; account: string | undefined }): Fault | undefined {
    const at = this.#faults.findIndex(
      (fault) =>
        !apart.includes(fault.kind) &&
        (fault.method === undefined || fault.method === request.method) &&
        (fault.path === undefined || request.path.startsWith(fault.path)) &&
        (fault.account === undefined || fault.account === request.account) &&
        isDue(fault),
    );
    return this.#use(at);
  }

  #forAccount(kind: FaultSettings['kind'], account: string | undefined): number {
    this.#forget();
    return this.#faults.findIndex(
      (fault) => fault.kind === kind && (fault.account === undefined || fault.account === account),
    );
  }

  #forget(): void {
    const now = Date.now();
    for (let at = this.#faults.length - 1; at >= 0; at -= 1) {
      if ((this.#faults[at]?.endsAt ?? now) <= now) this.#faults.splice(at, 1);
    }
  }

  #use(at: number): Fault | undefined {
    const fault = this.#faults[at];
    if (!fault) return undefined;
    fault.struck += 1;
    if (fault.count !== undefined && fault.struck >= fault.count) this.#faults.splice(at, 1);
    return fault;
  }
}

function isDue(fault: Fault): boolean {
  fault.met += 1;
  return fault.met % fault.every === 0;
}
