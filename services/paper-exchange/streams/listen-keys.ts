import { randomBytes } from 'node:crypto';
import type { ListenKeys } from '../rest/operation.ts';

const VALID_MS = 3_600_000;

/** Keys of user-data streams; each lives an hour after it was last kept alive, and an account has one. */
export class ListenKeyRegistry implements ListenKeys {
  readonly #keys = new Map<string, { account: number; validUntil: number }>();
  readonly #now: () => number;
  readonly #onEnd: (key: string) => void;

  constructor(now: () => number, onEnd: (key: string) => void) {
    this.#now = now;
    this.#onEnd = onEnd;
  }

  open(account: number): string {
    for (const [key, entry] of this.#keys) {
      if (entry.account === account && entry.validUntil > this.#now()) {
        entry.validUntil = this.#now() + VALID_MS;
        return key;
      }
    }
    const key = randomBytes(32).toString('hex').slice(0, 60);
    this.#keys.set(key, { account, validUntil: this.#now() + VALID_MS });
    return key;
  }

  keepAlive(account: number, key: string): boolean {
    const entry = this.#keys.get(key);
    if (!entry || entry.account !== account || entry.validUntil <= this.#now()) return false;
    entry.validUntil = this.#now() + VALID_MS;
    return true;
  }

  close(account: number, key: string): boolean {
    if (this.#keys.get(key)?.account !== account) return false;
    this.#keys.delete(key);
    this.#onEnd(key);
    return true;
  }

  accountOf(key: string): number | undefined {
    const entry = this.#keys.get(key);
    return entry && entry.validUntil > this.#now() ? entry.account : undefined;
  }

  dropExpired(): void {
    for (const [key, { validUntil }] of this.#keys) {
      if (validUntil > this.#now()) continue;
      this.#keys.delete(key);
      this.#onEnd(key);
    }
  }
}
