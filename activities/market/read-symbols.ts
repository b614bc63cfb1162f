import { setTimeout as sleep } from 'node:timers/promises';
import type { LeftOut, SymbolSnapshot } from '../../domain/market.ts';

/** Requests of several symbols are under way at a time: each is two, and an exchange takes no hundred connections at once kindly. */
const AT_ONCE = 16;
/** Less than the activity's own time by what sealing and keeping the snapshot take. */
const WITHIN_MS = 2_000;
const AGAIN_MS = 200;
const MAX_REASON = 300;

export interface SymbolsRead {
  symbols: SymbolSnapshot[];
  leftOut: LeftOut[];
}

/**
 * Reads each symbol, a second time where the first failed. What could not be read in time is left out with its reason: one market must not hide
 * the others.
 *
 * @throws the first reason, as it came, where nothing could be read
 */
export async function readSymbols(
  wanted: readonly string[],
  read: (symbol: string) => Promise<SymbolSnapshot>,
  withinMs: number = WITHIN_MS,
): Promise<SymbolsRead> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), withinMs);
  const late = new Promise<never>((_, reject) => {
    over.signal.addEventListener('abort', () => reject(new Error(`it was not read within ${withinMs} ms`)));
  });
  late.catch(() => undefined);

  const twice = async (symbol: string): Promise<SymbolSnapshot> => {
    try {
      return await read(symbol);
    } catch {
      await sleep(AGAIN_MS);
      return read(symbol);
    }
  };
  const results = new Map<string, PromiseSettledResult<SymbolSnapshot>>();
  const queue = [...wanted];
  const worker = async (): Promise<void> => {
    for (let symbol = queue.shift(); symbol !== undefined; symbol = queue.shift()) {
      const [result] = await Promise.allSettled([Promise.race([twice(symbol), late])]);
      results.set(symbol, result);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted.length) }, worker));
  } finally {
    clearTimeout(timer);
  }

  const ordered = wanted.map((symbol) => ({ symbol, result: results.get(symbol) }));
  const symbols = ordered.flatMap(({ result }) => (result?.status === 'fulfilled' ? [result.value] : []));
  const faults = ordered.flatMap(({ symbol, result }) =>
    result?.status === 'rejected' ? [{ symbol, error: result.reason as unknown }] : [],
  );
  if (symbols.length === 0) throw faults[0]?.error;
  return { symbols, leftOut: faults.map(({ symbol, error }) => ({ symbol, reason: wordsOf(error) })) };
}

function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, MAX_REASON);
}
