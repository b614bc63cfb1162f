import type { Logger } from 'pino';
import type { SnapshotRequest } from '../../contracts/cycle-steps.ts';
import { MAX_INLINE_BYTES } from '../../contracts/snapshot.ts';
import { pastOf } from '../../domain/market/frames.ts';
import type { MarketSnapshot, SymbolSnapshot } from '../../domain/market/market.ts';
import type { CycleSnapshot } from '../../domain/market/snapshot.ts';
import type { FrameWish } from '../../domain/market/timeframes.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import { type Sealed, sealSnapshot } from '../../stores/market-buffer/snapshots.ts';
import type { MarketDataPort, PerpetualsPort } from '../../venues/port.ts';
import { inTime } from '../in-time.ts';
import type { OwnFees } from './own-fees.ts';
import { readEach } from './read-each.ts';

/** Of a cycle that an earlier release began, which does not say when it ends. */
const LONGEST_NEED_MS = 3_600_000;

/** Of the four seconds that a cycle gives one try: the rest is for the clock, and for what is done with the snapshot. */
const READ_MS = 2_000;

/** What is shown beside has what that leaves, and this where it leaves nothing: it is mostly known from the cycle before. */
const LEAST_BESIDE_MS = 250;

/** The longest that a cycle waits for the market buffer: no decision needs its rows, and a snapshot that is not kept there goes along. */
const REMEMBER_MS = 1_000;

export interface SnapshotTools {
  market: MarketDataPort;
  buffer: Pick<MarketBuffer, 'record' | 'keep'>;
  ownFees: OwnFees;
  perpetuals?: PerpetualsPort | undefined;
  logger: Logger;
}

/**
 * One consistent view for all agents of a cycle, of what is traded and can be read: a symbol that is not must not hide the others. It is kept in
 * the market buffer, and what comes back refers to it.
 *
 * @throws Error where nothing is traded, or nothing can be read
 */
export async function takeSnapshot(
  { market, buffer, ownFees, perpetuals, logger }: SnapshotTools,
  request: SnapshotRequest,
  cycleId: CycleId,
): Promise<CycleSnapshot> {
  const { symbols, timeframe = '1m', candles, frames = [], past, bookLevels, correlationId } = request;
  const { neededUntilAt = Date.now() + LONGEST_NEED_MS } = request;
  // The clock is read first: a snapshot may be younger than it says, never older.
  const takenAt = await market.exchangeTime();
  const traded = symbols.filter((symbol) => market.listing(symbol) === 'traded');
  if (traded.length === 0) throw new Error(`${market.venue} trades none of ${symbols.join(', ')}`);
  const setAside = symbols.filter((symbol) => !traded.includes(symbol));
  if (setAside.length > 0) logger.warn({ correlationId, setAside }, 'symbols that are not traded are set aside');
  const startedAt = performance.now();
  const { read, leftOut } = await readEach(
    traded,
    (symbol) => market.symbolSnapshot(symbol, { timeframe, candles }, bookLevels),
    READ_MS,
  );
  if (leftOut.length > 0) logger.warn({ correlationId, leftOut }, 'symbols that could not be read are left out');
  // Afterwards, so that nothing without which there is no decision waits for it.
  const withinMs = Math.max(LEAST_BESIDE_MS, startedAt + READ_MS - performance.now());
  const beside = await readBeside({ market, logger }, [...read.keys()], { frames, past }, { withinMs, correlationId });
  const { venue, mode } = market;
  const sealed = sealSnapshot({
    venue,
    mode,
    takenAt,
    symbols: await ownFees(
      [...read].map(([symbol, one]) => ({
        ...one,
        ...beside.get(symbol),
        ...perpetualOf(perpetuals, symbol, takenAt),
      })),
    ),
    ...(setAside.length > 0 ? { setAside } : {}),
    ...(leftOut.length > 0 ? { leftOut } : {}),
  });
  for (const symbol of read.keys()) metrics.marketSeenAt.set({ symbol }, takenAt / 1_000);
  const [handedOn] = await Promise.all([
    keep({ buffer, logger }, sealed, { neededUntilAt, correlationId }),
    remember({ buffer, logger }, sealed.snapshot, { cycleId, correlationId }),
  ]);
  return handedOn;
}

/** As it was read last: nothing is asked for here. */
function perpetualOf(
  perpetuals: PerpetualsPort | undefined,
  symbol: string,
  takenAt: number,
): Pick<SymbolSnapshot, 'perpetual'> {
  return perpetuals ? { perpetual: perpetuals.beside(symbol, takenAt) } : {};
}

/** Whoever needs what could not be read in time abstains; no cycle goes without a symbol for it. */
async function readBeside(
  { market, logger }: Pick<SnapshotTools, 'market' | 'logger'>,
  symbols: readonly string[],
  { frames: wishes, past: long }: { frames: readonly FrameWish[]; past: FrameWish | undefined },
  { withinMs, correlationId }: { withinMs: number; correlationId: string },
): Promise<ReadonlyMap<string, Pick<SymbolSnapshot, 'frames' | 'past'>>> {
  if (wishes.length === 0 && !long) return new Map();
  const readOne = async (symbol: string): Promise<Pick<SymbolSnapshot, 'frames' | 'past'>> => {
    const frames = await market.frames(symbol, wishes);
    const [far] = long ? await market.frames(symbol, [long]) : [];
    const past = far && pastOf(far);
    return { ...(frames.length > 0 ? { frames } : {}), ...(past ? { past } : {}) };
  };
  try {
    const { read, leftOut } = await readEach(symbols, readOne, withinMs);
    if (leftOut.length > 0) logger.warn({ correlationId, leftOut }, 'candles of other lengths could not be read');
    return read;
  } catch (error) {
    logger.warn({ correlationId, error }, 'candles of other lengths could not be read');
    return new Map();
  }
}

/** @throws Error where it is not kept, and too large to go along */
async function keep(
  { buffer, logger }: Pick<SnapshotTools, 'buffer' | 'logger'>,
  { snapshot, json, reference }: Sealed,
  { neededUntilAt, correlationId }: { neededUntilAt: number; correlationId: string },
): Promise<CycleSnapshot> {
  const { sha256 } = reference;
  try {
    await written(buffer.keep({ sha256, json, neededUntilAt }));
    return reference;
  } catch (error) {
    const inline = [snapshot, withoutBeside(snapshot)].find((one) => sizeOf(one) <= MAX_INLINE_BYTES);
    if (!inline) throw error;
    const without = inline === snapshot ? '' : ', without the candles of other lengths';
    logger.warn(
      { correlationId, error },
      `the market buffer did not keep the snapshot: it goes along with each question${without}`,
    );
    return inline;
  }
}

/** It is still the snapshot that was taken, and keeps its id. */
function withoutBeside(snapshot: MarketSnapshot): MarketSnapshot {
  return { ...snapshot, symbols: snapshot.symbols.map(({ frames: _frames, past: _past, ...one }) => one) };
}

const sizeOf = (snapshot: MarketSnapshot): number => Buffer.byteLength(JSON.stringify(snapshot));

/** A full or locked buffer loses its rows of this cycle, and says so; it never costs the cycle. */
async function remember(
  { buffer, logger }: Pick<SnapshotTools, 'buffer' | 'logger'>,
  snapshot: MarketSnapshot,
  of: { cycleId: CycleId; correlationId: string },
): Promise<void> {
  try {
    await written(buffer.record(snapshot, of));
  } catch (error) {
    metrics.marketRowsLost.inc(snapshot.symbols.length);
    logger.error(
      { correlationId: of.correlationId, error },
      'the market buffer did not take the snapshot: it will be missing in the warehouse',
    );
  }
}

const written = (work: Promise<void>): Promise<void> =>
  inTime(work, REMEMBER_MS, `not written within ${REMEMBER_MS} ms`);
