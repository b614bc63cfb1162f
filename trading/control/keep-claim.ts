import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Held, StackBook } from '../../stores/journal/books/stacks.ts';

/** A machine that is gone keeps the books from others for this time. */
export const LEASE_MS = 25_000;
export const RENEW_MS = 5_000;

export interface KeptClaim {
  /** Since the last renewal that is known to have come through, by the monotonic clock. */
  silentMs(): number;
  close(): Promise<void>;
}

/**
 * Renews the claim of a stack on the books, which every process of it that has them does: those that outlive their supervisor hold the books
 * for as long as they may act.
 *
 * @param onLost once: another claim has taken its place, and this process must do nothing more
 */
export function keepClaim({
  stacks,
  held,
  onLost,
  logger,
  everyMs = RENEW_MS,
}: {
  stacks: Pick<StackBook, 'renew'>;
  held: Held;
  onLost: () => void;
  logger: Logger;
  everyMs?: number;
}): KeptClaim {
  const closing = new AbortController();
  const { signal } = closing;
  let renewedAt = performance.now();
  let isTold = false;

  const renew = async (): Promise<boolean> => {
    const askedAt = performance.now();
    try {
      if (!(await stacks.renew(held))) return false;
      renewedAt = askedAt;
      isTold = false;
    } catch (error) {
      if (!isTold) logger.warn({ err: error }, 'the claim on the books could not be renewed; it is tried again');
      isTold = true;
    }
    return true;
  };
  const keep = async (): Promise<void> => {
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted || (await renew())) continue;
      if (!signal.aborted) onLost();
      return;
    }
  };
  const running = keep();
  return {
    silentMs: () => performance.now() - renewedAt,
    close: async () => {
      closing.abort();
      await running;
    },
  };
}
