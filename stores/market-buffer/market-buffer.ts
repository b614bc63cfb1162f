import type { BookSeen, CandleClosed } from '../../contracts/market-events.ts';
import { candlesOf } from '../../domain/market/frames.ts';
import type { MarketSnapshot, SymbolSnapshot } from '../../domain/market/market.ts';
import { type CycleId } from '../../domain/orders/ids.ts';
import type { NewEvent, Outbox } from '../journal/books/outbox.ts';
import type { Database, Transaction } from '../journal/sql/database.ts';
import { createOutbox } from '../journal/sql/outbox.ts';

const MINUTE_MS = 60_000;

export interface SnapshotOf {
  cycleId: CycleId;
  correlationId: string;
}

export interface KeptSnapshot {
  /** Of the JSON. */
  sha256: string;
  json: string;
  neededUntilAt: number;
}

/**
 * What cycles saw of the market, until it is exported. A place of its own: its volume never holds the journal's lock, and a full one stops no
 * order.
 */
export interface MarketBuffer {
  readonly outbox: Outbox;
  /** The books of a snapshot, and the minutes that closed since the last one, whatever the cycle decides on. Idempotent by cycle and by minute. */
  record(snapshot: MarketSnapshot, of: SnapshotOf): Promise<void>;
  /** Keeps a snapshot until the last of the cycles that need it is over, and deletes those of cycles that are. Idempotent by hash. */
  keep(snapshot: KeptSnapshot): Promise<void>;
  /** JSON of what was kept under this hash; undefined when it is gone, or never was. */
  kept(sha256: string): Promise<string | undefined>;
  /** JSON of the snapshot that is needed longest: of the newest cycle. Undefined where none was taken yet. */
  newest(): Promise<string | undefined>;
  close(): Promise<void>;
}

export function createMarketBuffer(database: Database): MarketBuffer {
  return {
    outbox: createOutbox(database),
    record: (snapshot, of) =>
      database.transaction('', {}, async (transaction) => {
        for (const each of snapshot.symbols) {
          await transaction.emit(bookEvent(snapshot, each, of), ...(await newCandles(transaction, snapshot, each)));
        }
      }),
    keep: ({ sha256, json, neededUntilAt }) =>
      database.transaction('', {}, async (transaction) => {
        await transaction.run('DELETE FROM snapshots WHERE needed_until < ?', transaction.now());
        await transaction.run(
          `INSERT INTO snapshots (sha256, content, needed_until) VALUES (?, ?, ?)
           ON CONFLICT (sha256) DO UPDATE SET content = excluded.content, needed_until =
             CASE WHEN snapshots.needed_until > excluded.needed_until THEN snapshots.needed_until ELSE excluded.needed_until END`,
          sha256,
          json,
          neededUntilAt,
        );
      }),
    async kept(sha256) {
      const row = await database.row('SELECT content FROM snapshots WHERE sha256 = ?', sha256);
      return row === undefined ? undefined : String(row['content']);
    },
    async newest() {
      const row = await database.row('SELECT content FROM snapshots ORDER BY needed_until DESC LIMIT 1');
      return row === undefined ? undefined : String(row['content']);
    },
    close: () => database.close(),
  };
}

function bookEvent(
  { snapshotId, venue, takenAt }: MarketSnapshot,
  { instrument: { symbol }, book, perpetual }: SymbolSnapshot,
  { cycleId, correlationId }: SnapshotOf,
): NewEvent {
  const payload: BookSeen = { snapshotId, venue, symbol, takenAt, book, ...(perpetual ? { perpetual } : {}) };
  return { eventId: `book/${cycleId}/${snapshotId}/${symbol}`, kind: 'book.seen', cycleId, correlationId, payload };
}

/** The running minute is left out. What was told stays known when the events themselves are deleted after their export. */
async function newCandles(
  transaction: Transaction,
  { venue, takenAt }: MarketSnapshot,
  seen: SymbolSnapshot,
): Promise<NewEvent[]> {
  const { symbol } = seen.instrument;
  const row = await transaction.row('SELECT opened_at FROM candles_told WHERE venue = ? AND symbol = ?', venue, symbol);
  const told = Number(row?.['opened_at'] ?? 0);
  const closed = candlesOf(seen, '1m').filter(({ openAt }) => openAt > told && openAt + MINUTE_MS <= takenAt);
  const last = closed.at(-1);
  if (!last) return [];
  await transaction.run(
    `INSERT INTO candles_told (venue, symbol, opened_at) VALUES (?, ?, ?)
     ON CONFLICT (venue, symbol) DO UPDATE SET opened_at = excluded.opened_at`,
    venue,
    symbol,
    last.openAt,
  );
  return closed.map((candle) => {
    const payload: CandleClosed = { venue, symbol, candle };
    return { eventId: `candle/${venue}/${symbol}/${candle.openAt}`, kind: 'candle.closed', payload };
  });
}
