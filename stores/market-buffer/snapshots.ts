import { createHash } from 'node:crypto';
import { ErrorName, UserError } from '../../contracts/errors.ts';
import { MAX_SNAPSHOT_BYTES } from '../../contracts/snapshot.ts';
import type { MarketSnapshot } from '../../domain/market/market.ts';
import { isReference, type NamedSnapshot, type SnapshotReference, type Top } from '../../domain/market/snapshot.ts';
import { deviationAMinute } from '../../domain/signals/bounds.ts';
import type { MarketBuffer } from './market-buffer.ts';

/** All agents of a worker ask for the same one, and a later cycle for the next. */
const REMEMBERED = 2;

type Content = Omit<MarketSnapshot, 'snapshotId'>;

/** The snapshot with its id, the JSON that is kept of it, and the reference that goes from step to step in its place. */
export interface Sealed {
  snapshot: MarketSnapshot;
  json: string;
  reference: SnapshotReference;
}

/** @throws Error with the numbers, for what is larger than anybody would read */
export function sealSnapshot(content: Content): Sealed {
  const json = JSON.stringify(content);
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_SNAPSHOT_BYTES) {
    throw new Error(
      `the snapshot has ${bytes} bytes, at most ${MAX_SNAPSHOT_BYTES} are read: configure fewer candles or symbols`,
    );
  }
  const sha256 = hashOf(json);
  const snapshot = { snapshotId: idOf(sha256), ...content };
  const { symbols: _symbols, ...head } = snapshot;
  const tops = content.symbols.map((one): Top => {
    const { bids, asks } = one.book;
    const deviation = deviationAMinute(one);
    return {
      symbol: one.instrument.symbol,
      book: { bids: bids.slice(0, 1), asks: asks.slice(0, 1) },
      ...(deviation === undefined ? {} : { deviationAMinute: deviation }),
    };
  });
  return { snapshot, json, reference: { ...head, sha256, bytes, tops } };
}

/** What came is not what was referred to, or did not come. The message is for a person. */
export class SnapshotMissing extends UserError {
  constructor(message: string) {
    super(ErrorName.snapshotMissing, message);
  }
}

/**
 * The snapshot behind a reference, or the one that came along.
 *
 * @throws SnapshotMissing
 */
export type ReadSnapshot = (snapshot: NamedSnapshot) => Promise<MarketSnapshot>;

/** Reads from the market buffer, each snapshot once. */
export function createSnapshotReader(buffer: Pick<MarketBuffer, 'kept'>): ReadSnapshot {
  const read = new Map<string, Promise<MarketSnapshot>>();

  const open = async ({
    snapshotId,
    sha256,
  }: Pick<SnapshotReference, 'snapshotId' | 'sha256'>): Promise<MarketSnapshot> => {
    const json = await buffer.kept(sha256);
    if (json === undefined) {
      throw new SnapshotMissing(`the snapshot ${snapshotId} does not lie in the market buffer (any more)`);
    }
    if (hashOf(json) !== sha256) {
      throw new SnapshotMissing(`what the market buffer has of the snapshot ${snapshotId} does not match its hash`);
    }
    return { snapshotId: idOf(sha256), ...(JSON.parse(json) as Content) };
  };

  return async (snapshot) => {
    if (!isReference(snapshot)) return snapshot;
    const { sha256 } = snapshot;
    const known = read.get(sha256);
    if (known) return known;
    const opening = open(snapshot);
    read.set(sha256, opening);
    // What could not be read may be tried again.
    opening.catch(() => read.delete(sha256));
    for (const old of [...read.keys()].slice(0, -REMEMBERED)) read.delete(old);
    return opening;
  };
}

function hashOf(json: string): string {
  return createHash('sha256').update(json).digest('hex');
}

function idOf(sha256: string): string {
  return sha256.slice(0, 16);
}
