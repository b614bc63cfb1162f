import { createHash } from 'node:crypto';
import { ErrorName, UserError } from '../../contracts/errors.ts';
import type { MarketSnapshot, SymbolSnapshot } from '../../domain/market/market.ts';
import type { SnapshotSource } from './serve-snapshot.ts';

/** Of one answer: it goes out as an object and as text. */
const MOST_BYTES = 1_000_000;
/** Of one guest: a cycle takes seconds at least, and a guest that asks for each symbol of it needs no more. */
const READS_A_MINUTE = 120;
const MINUTE_MS = 60_000;

type Content = Omit<MarketSnapshot, 'snapshotId'>;

interface Seen {
  snapshotId: string;
  sha256: string;
  bytes: number;
  content: Content;
}

export interface MarketReader {
  /** That of the newest cycle, or the one with this hash. @throws UserError CoordinatorRefused */
  snapshot(sha256?: string): Promise<Seen>;
  /** One symbol of it. @throws UserError CoordinatorRefused */
  symbol(name: string, sha256?: string): Promise<{ seen: Seen; one: SymbolSnapshot }>;
  /** @throws UserError CoordinatorRefused for whoever has read enough in this minute */
  count(reader: string): void;
}

/** What the agents of a cycle were shown, and nothing of the account. */
export function createMarketReader(source: SnapshotSource, now: () => number = Date.now): MarketReader {
  const allowed = createAllowance(now);

  const snapshot = async (sha256?: string): Promise<Seen> => {
    const json = sha256 === undefined ? await source.newest() : await source.kept(sha256);
    if (json === undefined) {
      throw refusal(
        sha256 === undefined
          ? 'No cycle has looked at the market yet ("./sapphire cycle list").'
          : 'There is no such snapshot (any more): it is kept until its cycle is over. Without sha256 the newest is read.',
      );
    }
    const hash = createHash('sha256').update(json).digest('hex');
    const content = JSON.parse(json) as Content;
    return { snapshotId: hash.slice(0, 16), sha256: hash, bytes: Buffer.byteLength(json), content };
  };

  return {
    snapshot,
    async symbol(name, sha256) {
      const seen = await snapshot(sha256);
      const one = seen.content.symbols.find(({ instrument: { symbol } }) => symbol === name);
      if (one) return { seen, one };
      const known = seen.content.symbols.map(({ instrument: { symbol } }) => symbol).join(', ');
      throw refusal(`${name} is not in the snapshot ${seen.snapshotId}: ${known} are.`);
    },
    count: allowed,
  };
}

/** @throws UserError CoordinatorRefused */
export function holdSize({ bytes, sha256 }: Pick<Seen, 'bytes' | 'sha256'>): void {
  if (bytes <= MOST_BYTES) return;
  throw refusal(
    `The snapshot has ${bytes} bytes, and a tool answers with ${MOST_BYTES} at most: read it as a file at /snapshots/${sha256}, or by symbol with read_candles and read_book.`,
  );
}

/** Counts by the minute of this clock; what was counted before is forgotten. */
function createAllowance(now: () => number): (reader: string) => void {
  let minute = 0;
  const reads = new Map<string, number>();
  return (reader) => {
    const current = Math.floor(now() / MINUTE_MS);
    if (current !== minute) reads.clear();
    minute = current;
    const count = (reads.get(reader) ?? 0) + 1;
    reads.set(reader, count);
    if (count <= READS_A_MINUTE) return;
    throw refusal(
      `${reader} has read the market ${READS_A_MINUTE} times in this minute, the most there is: wait for the next.`,
    );
  };
}

function refusal(message: string): UserError {
  return new UserError(ErrorName.coordinatorRefused, message);
}
