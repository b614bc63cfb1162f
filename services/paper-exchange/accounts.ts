import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AccountRow } from './persistence/schema.ts';
import type { Store } from './persistence/store.ts';
import { refuse } from './rest/errors.ts';

const LONGEST_WINDOW_MS = 60_000;
const STANDARD_WINDOW_MS = 5_000;
const AHEAD_MS = 1_000;

export type Account = AccountRow;

/** Who may trade, by API key and by name. */
export class Accounts {
  readonly #store: Store;
  readonly #byKey = new Map<string, Account>();
  readonly #byName = new Map<string, Account>();

  constructor(store: Store) {
    this.#store = store;
    for (const account of store.accounts()) this.#remember(account);
  }

  all(): Account[] {
    return [...this.#byName.values()];
  }

  byName(name: string): Account | undefined {
    return this.#byName.get(name);
  }

  /** Whose key it is, if anybody's. */
  known(key: unknown): Account | undefined {
    return typeof key === 'string' ? this.#byKey.get(key) : undefined;
  }

  byKey(key: string | undefined): Account {
    if (key === undefined) throw refuse.keyFormat();
    const account = this.known(key);
    if (!account) throw /^[A-Za-z0-9]{16,128}$/.test(key) ? refuse.key() : refuse.keyFormat();
    return account;
  }

  create(name: string, at: number): Account {
    const account: Account = {
      id: Math.max(0, ...this.all().map(({ id }) => id)) + 1,
      name,
      apiKey: randomBytes(32).toString('hex'),
      secret: randomBytes(32).toString('hex'),
      createdAt: at,
    };
    this.#store.saveAccount(account);
    this.#remember(account);
    return account;
  }

  #remember(account: Account): void {
    this.#byKey.set(account.apiKey, account);
    this.#byName.set(account.name, account);
  }
}

/** Throws unless `signature` is the HMAC-SHA-256 of `payload` in hex, in either case. */
export function checkSignature(account: Account, payload: string, signature: string): void {
  const expected = createHmac('sha256', account.secret).update(payload).digest();
  const given = /^[0-9a-fA-F]{64}$/.test(signature) ? Buffer.from(signature, 'hex') : Buffer.alloc(32);
  if (!timingSafeEqual(expected, given)) throw refuse.signature();
}

/**
 * The timing rule of signed requests. The returned check is run again right before the matching engine: a request that was held up
 * on its way must be refused, or a client that gave it up could find it executed.
 */
export function checkTiming(timestamp: number, recvWindow: string | undefined, now: () => number): () => void {
  const windowMs = recvWindow === undefined ? STANDARD_WINDOW_MS : Number(recvWindow);
  if (!/^\d+(\.\d{1,3})?$/.test(recvWindow ?? '0')) throw refuse.illegal('recvWindow', '^[0-9]+(\\.[0-9]{1,3})?$');
  if (windowMs > LONGEST_WINDOW_MS)
    throw refuse.invalidMessage("'recvWindow' contains unexpected value. Cannot be greater than 60000.");
  // Sixteen digits are microseconds.
  const sentAt = timestamp > 100_000_000_000_000 ? timestamp / 1_000 : timestamp;
  const check = () => {
    if (now() - sentAt > windowMs) throw refuse.outsideWindow();
  };
  if (sentAt >= now() + AHEAD_MS) throw refuse.ahead();
  check();
  return check;
}
