import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { riskSchema } from '../../contracts/config/schema.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { NewEvent } from '../../stores/journal/books/outbox.ts';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';
import { type Feed, feedsOf } from '../../stores/warehouse/feeds.ts';
import { readWarehouse } from '../../stores/warehouse/query.ts';
import { openWarehouse, type Warehouse } from '../../stores/warehouse/warehouse.ts';
import { fill, fund, leg, PAPER, temporaryFolder, temporaryMarketBuffer, trade } from '../support/books.ts';

export type Books = Awaited<ReturnType<typeof startBooks>>;

/** A journal with its market buffer and warehouse, all in one temporary folder. */
export async function startBooks(folder = temporaryFolder()) {
  const journal = await openSqliteJournal(join(folder, 'journal.db'), PAPER);
  await journal.risk.adopt('main', riskSchema.parse({}));
  const market = await temporaryMarketBuffer();
  const feeds: Feed[] = feedsOf(journal, market.outbox);
  const warehouse: Warehouse = openWarehouse({ folder: join(folder, 'warehouse'), mode: 'paper', journal: journal.id });
  return {
    folder,
    journal,
    market,
    feeds,
    warehouse,
    /** Rows of a query over what is exported; with the tail also over what is not. */
    query: (sql: string, { tail = false } = {}) =>
      readWarehouse(warehouse, tail ? feeds : [], ({ query }) => query(sql)),
    close: async () => {
      await market.close();
      await journal.close();
    },
  };
}

/** A round trip of orders and fills, with everything that the books tell of it. */
export async function tradeSomething({ journal }: Pick<Books, 'journal'>, rounds = 3): Promise<void> {
  await fund(journal, '100000');
  for (let round = 1; round <= rounds; round += 1) {
    const cycleId = `cycle/main/${round}`;
    const bought = leg({ legId: `sph${round}-buy`, cycleId, correlationId: cycleId });
    await trade(journal, bought, { fee: '0.6', feeAsset: 'USDT', filledAt: 1_000 * round });
    const sold = leg({
      legId: `sph${round}-sell`,
      cycleId: `${cycleId}/exit`,
      correlationId: cycleId,
      side: 'sell',
      limitPrice: '61000',
    });
    await trade(journal, sold, { fee: '0.6', feeAsset: 'USDT', filledAt: 1_000 * round + 500 });
  }
}

/** Facts that change no book, each told once. */
export function facts(count: number, first = 1): NewEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    eventId: `fact/${first + index}`,
    kind: 'fill.booked',
    cycleId: tagged(`cycle/main/${first + index}`),
    correlationId: `cycle/main/${first + index}`,
    payload: { ...fill({ tradeId: String(first + index), filledAt: 1_700_000_000_000 + index }), realizedPnl: '0' },
  }));
}

/** Flips one bit of a table's first file, as a disk may. Returns what the manifest calls it. */
export function spoilFile({ folder }: Pick<Warehouse, 'folder'>, table: string): string {
  const [name = ''] = readdirSync(join(folder, table));
  const path = join(folder, table, name);
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(10) ^ 1, 10);
  writeFileSync(path, bytes);
  return `${table}/${name}`;
}
