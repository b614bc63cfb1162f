import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createBooksActivities } from '../../activities/books/index.ts';
import type { SnapshotRequest } from '../../contracts/cycle-steps.ts';
import type { SymbolSnapshot } from '../../domain/market/market.ts';
import type { PerpetualSeen } from '../../domain/market/perpetual.ts';
import { type CycleSnapshot, isReference, type SnapshotReference } from '../../domain/market/snapshot.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { createSnapshotReader } from '../../stores/market-buffer/snapshots.ts';
import { shownBeside } from '../../trading/decide/frames.ts';
import { takeSnapshot } from '../../trading/decide/snapshot.ts';
import { openPerpetuals } from '../../venues/perpetuals.ts';
import type { MarketDataPort, PerpetualsPort } from '../../venues/port.ts';
import { bookAround, candlesOf, symbolSnapshot, TAKEN_AT, walk } from '../agents/market.ts';
import { temporaryJournal, temporaryMarketBuffer } from '../support/books.ts';

const logger = pino({ level: 'silent' });
const candles = (count: number) => candlesOf(walk({ count, seed: 7, start: 60_000 }));

const market: MarketDataPort = {
  venue: 'binance',
  mode: 'paper',
  listing: () => 'traded',
  exchangeTime: async () => TAKEN_AT,
  symbolSnapshot: async (symbol, wish): Promise<SymbolSnapshot> =>
    symbolSnapshot(symbol, candles(wish.candles), bookAround(60_000)),
  frames: async (_symbol, wishes) =>
    wishes.map(({ timeframe, candles: count }) => ({
      timeframe,
      candles: candles(count).map(({ openAt, open, high, low, close, volume }) => [
        openAt,
        open,
        high,
        low,
        close,
        volume,
      ]),
    })),
};

const known: PerpetualSeen = {
  market: '1000SHIBUSDT',
  fundingRate: '-0.00012345',
  nextFundingAt: TAKEN_AT + 1_800_000,
  seenAt: TAKEN_AT - 120_000,
  openInterest: {
    quantity: tagged('123456789012.345'),
    dayBefore: tagged('123456789012.345'),
    at: TAKEN_AT - 600_000,
  },
};

async function take(perpetuals?: PerpetualsPort, symbols = ['BTC/USDT', 'ETH/USDT']) {
  const buffer = await temporaryMarketBuffer();
  const { frames } = shownBeside(parseConfiguration({}, 'a test'), { agents: ['deepseek'] }, []);
  const request = { symbols, candles: 120, frames, past: undefined, bookLevels: 10, correlationId: 'c' };
  const tools = { market, buffer, ownFees: async (all: readonly SymbolSnapshot[]) => [...all], perpetuals, logger };
  const reference = await takeSnapshot(tools, request, tagged('cycle/main/1'));
  if (!isReference(reference)) throw new Error('it goes along');
  return { reference, snapshot: await createSnapshotReader(buffer)(reference) };
}

const reader = (beside: PerpetualsPort['beside']): PerpetualsPort => ({ beside, close: () => {} });

describe('in the snapshot of a cycle', () => {
  it('stand what perpetual markets said last, by the time of the snapshot, with what is missing', async () => {
    const asked: [string, number][] = [];
    const perpetuals = reader((symbol, at) => {
      asked.push([symbol, at]);
      return symbol === 'BTC/USDT' ? known : { missing: 'none' };
    });
    const { snapshot } = await take(perpetuals);
    expect(snapshot.symbols.map(({ perpetual }) => perpetual)).toEqual([known, { missing: 'none' }]);
    expect(asked).toEqual([
      ['BTC/USDT', TAKEN_AT],
      ['ETH/USDT', TAKEN_AT],
    ]);
  });

  it('stand there by the steps that a worker with the books serves', async () => {
    const buffer = await temporaryMarketBuffer();
    const readSnapshot = createSnapshotReader(buffer);
    const { takeSnapshot: step } = createBooksActivities({
      market,
      buffer,
      perpetuals: reader(() => known),
      journal: await temporaryJournal(),
      configuration: parseConfiguration({}, 'a test'),
      readSnapshot,
      logger,
    });
    const request: SnapshotRequest = { symbols: ['BTC/USDT'], candles: 120, bookLevels: 10, correlationId: 'c' };
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
    const taken = await environment.run<[SnapshotRequest], CycleSnapshot, typeof step>(step, request);
    expect((await readSnapshot(taken)).symbols.map(({ perpetual }) => perpetual)).toEqual([known]);
  });

  it('stands nothing of them where they are not read, under the hash of before', async () => {
    const { snapshot, reference } = await take();
    expect(snapshot.symbols.some((one) => 'perpetual' in one)).toBe(false);
    expect(reference.sha256).toBe('aff3901314f68608e1d3f115496f12d39e7f62d4b7f50290c4813427c591820b');
  });

  it('they take 16 kB of fifty symbols at the most', async () => {
    const symbols = Array.from({ length: 50 }, (_, index) => `C${index}/USDT`);
    const bytesOf = ({ reference }: { reference: SnapshotReference }): number => reference.bytes;
    const without = bytesOf(await take(undefined, symbols));
    const more =
      bytesOf(
        await take(
          reader(() => known),
          symbols,
        ),
      ) - without;
    expect(more).toBe(50 * (JSON.stringify(known).length + ',"perpetual":'.length));
    expect(more).toBeLessThan(16_000);
    expect(more / without).toBeLessThan(0.01);
  });
});

describe('perpetual markets are read', () => {
  const mirror = (changes: object = {}) => ({
    paperExchange: { market: { kind: 'mirror', venue: 'binance', symbols: ['BTC/USDT', 'ETH/USDT'], ...changes } },
  });
  const opened = (settings: object, perpetuals?: boolean): boolean => {
    const cycle = perpetuals === undefined ? {} : { cycle: { perpetuals } };
    // The exchange's clock is asked before the markets: nothing goes out here.
    const port = openPerpetuals(
      parseConfiguration({ ...settings, ...cycle }, 'a test'),
      { exchangeTime: () => new Promise(() => {}) },
      logger,
    );
    port?.close();
    return port !== undefined;
  };

  it.each<[string, object, boolean | undefined, boolean]>([
    ['beside the prices of a real account', { mode: 'live' }, undefined, true],
    ['beside those of a mirrored venue', mirror(), undefined, true],
    ['where it is said', mirror(), true, true],
    ['not where it is said', mirror(), false, false],
    ['not of a live account where it is said', { mode: 'live' }, false, false],
    ['not beside prices that are made', {}, undefined, false],
    ['not beside those of another address', mirror({ restUrl: 'http://127.0.0.1:1/api/v3' }), undefined, false],
    ['not of a venue whose are not read', mirror({ venue: 'kraken' }), undefined, false],
  ])('%s', (_name, settings, perpetuals, isRead) => {
    expect(opened(settings, perpetuals)).toBe(isRead);
  });

  it.each<[string, object, RegExp]>([
    ['made', {}, /cycle\.perpetuals.*must be false, or be left out, where paperExchange\.market is synthetic/s],
    ['those of another address', mirror({ restUrl: 'http://127.0.0.1:1/api/v3' }), /without a restUrl/],
    ['of a venue whose are not read', mirror({ venue: 'kraken' }), /The perpetual markets of kraken are not read here/],
  ])('and asked for beside prices that are %s they are refused', (_name, settings, words) => {
    expect(() => opened(settings, true)).toThrow(words);
  });
});
