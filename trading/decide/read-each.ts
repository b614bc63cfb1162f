import { setTimeout as sleep } from 'node:timers/promises';
import type { LeftOut } from '../../domain/market/market.ts';

/** Symbols that are read at a time: no exchange takes a hundred connections at once kindly. */
const AT_ONCE = 16;
const AGAIN_MS = 200;
const MAX_REASON = 300;

export interface ReadEach<T> {
  /** In the order that was asked for. */
  read: Map<string, T>;
  leftOut: LeftOut[];
}

/**
 * Reads something of each symbol, a second time where the first failed. What could not be read in time is left out with its reason: one market
 * must not hide the others.
 *
 * @throws the first reason, as it came, where nothing could be read
 */
export async function readEach<T>(
  symbols: readonly string[],
  readOne: (symbol: string) => Promise<T>,
  withinMs: number,
): Promise<ReadEach<T>> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), withinMs);
  const late = new Promise<never>((_, reject) => {
    over.signal.addEventListener('abort', () => reject(new Error(`it was not read within ${withinMs} ms`)));
  });
  late.catch(() => undefined);

  const twice = async (symbol: string): Promise<T> => {
    try {
      return await readOne(symbol);
    } catch {
      await sleep(AGAIN_MS);
      return over.signal.aborted ? late : readOne(symbol);
    }
  };
  const results = new Map<string, PromiseSettledResult<T>>();
  const queue = [...symbols];
  const worker = async (): Promise<void> => {
    for (let symbol = queue.shift(); symbol !== undefined; symbol = queue.shift()) {
      // What is left when the time is over would be asked for all at once.
      const [result] = await Promise.allSettled([over.signal.aborted ? late : Promise.race([twice(symbol), late])]);
      results.set(symbol, result);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, symbols.length) }, worker));
  } finally {
    clearTimeout(timer);
  }

  const read = new Map<string, T>();
  const faults: { symbol: string; error: unknown }[] = [];
  for (const symbol of symbols) {
    const result = results.get(symbol);
    if (result?.status === 'fulfilled') read.set(symbol, result.value);
    else faults.push({ symbol, error: result?.reason });
  }
  if (read.size === 0 && faults.length > 0) throw faults[0]?.error;
  return { read, leftOut: faults.map(({ symbol, error }) => ({ symbol, reason: wordsOf(error) })) };
}

function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, MAX_REASON);
}
