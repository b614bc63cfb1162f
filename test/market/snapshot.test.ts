import { createHash } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createMarketActivities } from '../../activities/market/index.ts';
import { configurationSchema } from '../../contracts/config/schema.ts';
import type { SnapshotRequest } from '../../contracts/cycle-steps.ts';
import { MAX_INLINE_BYTES, MAX_SNAPSHOT_BYTES } from '../../contracts/snapshot.ts';
import { candlesOf as candlesIn, packed } from '../../domain/market/frames.ts';
import type { FrameCandle, MarketSnapshot, SymbolSnapshot } from '../../domain/market/market.ts';
import { pricesIn } from '../../domain/market/prices.ts';
import { type CycleSnapshot, isReference, type SnapshotReference } from '../../domain/market/snapshot.ts';
import { type FrameWish, lengthOf } from '../../domain/market/timeframes.ts';
import type { MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import { createSnapshotReader, sealSnapshot } from '../../stores/market-buffer/snapshots.ts';
import { shownBeside } from '../../trading/decide/frames.ts';
import type { OwnFees } from '../../trading/decide/own-fees.ts';
import { readEach } from '../../trading/decide/read-each.ts';
import type { MarketDataPort } from '../../venues/port.ts';
import { bookAround, candlesOf, symbolSnapshot, TAKEN_AT, walk } from '../agents/market.ts';
import { temporaryMarketBuffer } from '../support/books.ts';

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `C${index}/USDT`);

const read = (symbol: string, candles = 120): SymbolSnapshot =>
  symbolSnapshot(symbol, candlesOf(walk({ count: candles, seed: 7, start: 60_000 })), bookAround(60_000));

/** Of a length, as far apart as it says. */
function rows({ timeframe, candles }: FrameWish): FrameCandle[] {
  const lengthMs = lengthOf(timeframe);
  return read('any', candles).candles.map((one, index) =>
    packed({ ...one, openAt: TAKEN_AT - (candles - index) * lengthMs }),
  );
}

/** @param fails how often the reading of a symbol fails before it succeeds. */
function marketOf(fails: Record<string, number> = {}): MarketDataPort {
  const left = new Map(Object.entries(fails));
  return {
    venue: 'binance',
    mode: 'paper',
    listing: (symbol) => (symbol === 'GONE/USDT' ? 'unlisted' : 'traded'),
    exchangeTime: async () => TAKEN_AT,
    async symbolSnapshot(symbol, { candles }) {
      const failures = left.get(symbol) ?? 0;
      if (failures > 0) {
        left.set(symbol, failures - 1);
        throw new Error(`no depth of ${symbol}`);
      }
      return read(symbol, candles);
    },
    async frames(symbol, wishes) {
      if (symbol === 'C9/USDT') throw new Error(`no 1h candles of ${symbol}`);
      return wishes.map((wish) => ({ timeframe: wish.timeframe, candles: rows(wish) }));
    },
  };
}

async function take(
  buffer: MarketBuffer,
  symbols: string[],
  changes: Partial<Pick<SnapshotRequest, 'candles' | 'neededUntilAt' | 'frames' | 'past'>> & {
    market?: MarketDataPort;
    ownFees?: OwnFees;
  } = {},
): Promise<CycleSnapshot> {
  const {
    market = marketOf(),
    ownFees = async (all) => [...all],
    candles = 120,
    neededUntilAt = Date.now() + 60_000,
    frames,
    past,
  } = changes;
  const { takeSnapshot } = createMarketActivities({ market, buffer, ownFees, logger: pino({ level: 'silent' }) });
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const request = { symbols, candles, frames, past, bookLevels: 5, correlationId: 'c', neededUntilAt };
  return environment.run<[SnapshotRequest], CycleSnapshot, typeof takeSnapshot>(takeSnapshot, request);
}

function referenceIn(snapshot: CycleSnapshot): SnapshotReference {
  if (!isReference(snapshot)) throw new Error('it goes along');
  return snapshot;
}

describe('the snapshot of a cycle', () => {
  it('goes along where the market buffer does not keep it in time, as long as it is small', async () => {
    const whole = await temporaryMarketBuffer();
    for (const keep of [() => Promise.reject(new Error('database is locked')), () => new Promise<void>(() => {})]) {
      const snapshot = await take({ ...whole, keep }, names(2));
      expect(isReference(snapshot)).toBe(false);
      expect(JSON.stringify(snapshot).length).toBeLessThan(MAX_INLINE_BYTES);
      expect(await createSnapshotReader(whole)(snapshot)).toBe(snapshot);
      await expect(take({ ...whole, keep }, names(50))).rejects.toThrow(
        /database is locked|not written within 1000 ms/,
      );
    }
  });

  it.each([
    [1, 120],
    [2, 400],
    [50, 400],
  ])('of %i symbols with %i candles goes by its hash', async (count, candles) => {
    const buffer = await temporaryMarketBuffer();
    const reference = referenceIn(await take(buffer, names(count), { candles }));
    expect(JSON.stringify(reference).length).toBeLessThan(10_000);
    const json = (await buffer.kept(reference.sha256)) ?? '';
    expect(createHash('sha256').update(json).digest('hex')).toBe(reference.sha256);
    expect(Buffer.byteLength(json)).toBe(reference.bytes);

    const snapshot = await createSnapshotReader(buffer)(reference);
    expect(snapshot.snapshotId).toBe(reference.snapshotId);
    expect(snapshot.symbols).toEqual(names(count).map((symbol) => read(symbol, candles)));
    const { symbols } = pricesIn(reference);
    expect(symbols.map(({ symbol }) => symbol)).toEqual(names(count));
    expect(symbols[0]).toMatchObject({ status: 'TRADING', book: { bids: [['59988.00000000', '1']] } });
  });

  it('is kept until its cycle is over', async () => {
    const buffer = await temporaryMarketBuffer();
    const over = referenceIn(await take(buffer, names(8), { neededUntilAt: Date.now() - 1 }));
    expect(await buffer.kept(over.sha256)).toBeDefined();
    const next = referenceIn(await take(buffer, names(9)));
    expect(await buffer.kept(over.sha256)).toBeUndefined();
    expect(await buffer.kept(next.sha256)).toBeDefined();
    expect(await buffer.newest()).toBe(await buffer.kept(next.sha256));
    await expect(createSnapshotReader(buffer)(over)).rejects.toThrow(/does not lie in the market buffer \(any more\)/);
  });

  it('counts for nothing when it is not the one that was meant', async () => {
    const buffer = await temporaryMarketBuffer();
    const reference = referenceIn(await take(buffer, names(8)));
    const other = { kept: async (sha256: string) => (await buffer.kept(sha256))?.replace('60000', '90000') };
    await expect(createSnapshotReader(other)(reference)).rejects.toThrow(/does not match its hash/);
  });

  it('is read once by all agents of a worker, and again after it could not be read', async () => {
    const buffer = await temporaryMarketBuffer();
    const reference = referenceIn(await take(buffer, names(8)));
    let reads = 0;
    const readSnapshot = createSnapshotReader({
      async kept(sha256) {
        reads += 1;
        if (reads === 1) throw new Error('database is locked');
        return buffer.kept(sha256);
      },
    });
    await expect(readSnapshot(reference)).rejects.toThrow('database is locked');
    await Promise.all([readSnapshot(reference), readSnapshot(reference), readSnapshot(reference)]);
    expect(reads).toBe(2);
  });

  it('names its numbers when nobody would read it', () => {
    const content: Omit<MarketSnapshot, 'snapshotId'> = {
      venue: 'binance',
      mode: 'paper',
      takenAt: TAKEN_AT,
      symbols: names(240).map((symbol) => read(symbol, 400)),
    };
    expect(() => sealSnapshot(content)).toThrow(/has \d{8} bytes, at most 12000000 are read: configure fewer/);
  });
});

/** What a configuration with Lag-Llama asks for: trading/decide/frames.ts. */
const BESIDE = shownBeside(
  configurationSchema.parse({ agents: { 'lag-llama': { worker: 'external' } } }),
  { agents: ['lag-llama'] },
  [],
);

describe('candles of other lengths', () => {
  it('are part of the snapshot, behind its hash', async () => {
    const buffer = await temporaryMarketBuffer();
    const reference = referenceIn(await take(buffer, names(2), BESIDE));
    const snapshot = await createSnapshotReader(buffer)(reference);
    for (const { timeframe, candles } of BESIDE.frames ?? []) {
      expect(snapshot.symbols.map((one) => candlesIn(one, timeframe).length)).toEqual([candles, candles]);
    }
    expect(snapshot.symbols.map(({ past }) => [past?.timeframe, past?.closes.length])).toEqual([
      ['3m', 1_124],
      ['3m', 1_124],
    ]);
  });

  it('that cannot be read leave the snapshot as it is', async () => {
    const buffer = await temporaryMarketBuffer();
    const symbols = ['C1/USDT', 'C9/USDT'];
    const snapshot = await createSnapshotReader(buffer)(await take(buffer, symbols, BESIDE));
    expect(snapshot.symbols.map(({ frames }) => frames?.length)).toEqual([BESIDE.frames?.length, undefined]);
    expect(snapshot.leftOut).toBeUndefined();
  });

  it('are asked for when the symbols have been read, and not waited for beyond the time of the whole', async () => {
    const order: string[] = [];
    const market = marketOf();
    const hung: MarketDataPort = {
      ...market,
      symbolSnapshot: (symbol, ...wanted) => {
        order.push('symbol');
        return market.symbolSnapshot(symbol, ...wanted);
      },
      frames: () => {
        order.push('frames');
        return new Promise(() => {});
      },
    };
    const startedAt = performance.now();
    const buffer = await temporaryMarketBuffer();
    const snapshot = await take(buffer, names(20), { ...BESIDE, market: hung });
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(pricesIn(snapshot).symbols).toHaveLength(20);
    expect(order.indexOf('frames')).toBe(20);
    // No more at once than are asked of any exchange, when the time is over either.
    expect(order.filter((what) => what === 'frames')).toHaveLength(16);
  });

  it('stay behind where the market buffer does not keep the snapshot, and it would be too large with them', async () => {
    const buffer = { ...(await temporaryMarketBuffer()), keep: () => Promise.reject(new Error('database is locked')) };
    const snapshot = await take(buffer, names(5), BESIDE);
    if (isReference(snapshot)) throw new Error('it does not go along');
    expect(
      snapshot.symbols.every(
        ({ frames, past, candles }) => frames === undefined && past === undefined && candles.length === 120,
      ),
    ).toBe(true);
  });

  it('of fifty symbols, and of as many that are held besides, can be read by everybody', async () => {
    const buffer = await temporaryMarketBuffer();
    for (const [count, candles] of [
      [50, 120],
      [50, 400],
      [100, 400],
    ] as const) {
      const { bytes } = referenceIn(await take(buffer, names(count), { candles, ...BESIDE }));
      expect(bytes).toBeLessThan(MAX_SNAPSHOT_BYTES);
    }
  });
});

describe('a symbol that cannot be read', () => {
  it('is asked for again, and is there', async () => {
    const market = marketOf({ 'C1/USDT': 1 });
    const snapshot = await take(await temporaryMarketBuffer(), names(3), { market });
    expect(pricesIn(snapshot).symbols).toHaveLength(3);
    expect(snapshot.leftOut).toBeUndefined();
  });

  it.each([3, 20])('is left out of %i with its reason, and the others are there', async (count) => {
    const market = marketOf({ 'C1/USDT': 99 });
    const snapshot = await take(await temporaryMarketBuffer(), [...names(count), 'GONE/USDT'], { market });
    expect(snapshot.leftOut).toEqual([{ symbol: 'C1/USDT', reason: 'no depth of C1/USDT' }]);
    expect(snapshot.setAside).toEqual(['GONE/USDT']);
    expect(pricesIn(snapshot).symbols.map(({ symbol }) => symbol)).toEqual([
      ...names(count).filter((symbol) => symbol !== 'C1/USDT'),
      'GONE/USDT',
    ]);
  });

  it('is not waited for beyond the time of the whole', async () => {
    const startedAt = performance.now();
    const hung = (symbol: string): Promise<SymbolSnapshot> =>
      symbol === 'C1/USDT' ? new Promise(() => {}) : Promise.resolve(read(symbol));
    const { read: found, leftOut } = await readEach(names(40), hung, 300);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    expect([...found.keys()]).toEqual(names(40).filter((symbol) => symbol !== 'C1/USDT'));
    expect(leftOut).toEqual([{ symbol: 'C1/USDT', reason: 'it was not read within 300 ms' }]);
  });

  it('fails the snapshot when there is no other', async () => {
    const market = marketOf({ 'C0/USDT': 99, 'C1/USDT': 99 });
    await expect(take(await temporaryMarketBuffer(), names(2), { market })).rejects.toThrow('no depth of C0/USDT');
  });
});
