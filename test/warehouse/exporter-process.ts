import { join } from 'node:path';
import { z } from 'zod';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';
import { feedsOf } from '../../stores/warehouse/feeds.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { diskFiles, type SegmentFiles } from '../../stores/warehouse/segments/files.ts';
import { openWarehouse } from '../../stores/warehouse/warehouse.ts';
import { PAPER, temporaryMarketBuffer } from '../support/books.ts';

/** One export that kills its own process before or after the n-th of a step: `node exporter-process.ts FOLDER before|after STEP N`. */
const [folder, when, step, count] = z
  .tuple([
    z.string(),
    z.enum(['before', 'after']),
    z.enum(['sync', 'rename', 'createExclusive', 'none']),
    z.coerce.number(),
  ])
  .parse(process.argv.slice(2));

let left = count;
function dying<K extends keyof SegmentFiles>(name: K): SegmentFiles[K] {
  const real = diskFiles[name] as (...args: string[]) => Promise<never>;
  const wrapped = async (...args: string[]): Promise<never> => {
    const due = name === step && --left === 0;
    if (due && when === 'before') process.kill(process.pid, 'SIGKILL');
    const result = await real(...args);
    if (due) process.kill(process.pid, 'SIGKILL');
    return result;
  };
  return wrapped;
}

const journal = await openSqliteJournal(join(folder, 'journal.db'), PAPER);
const market = await temporaryMarketBuffer();
const files = { sync: dying('sync'), rename: dying('rename'), createExclusive: dying('createExclusive') };
const warehouse = openWarehouse({ folder: join(folder, 'warehouse'), mode: 'paper', journal: journal.id, files });
await exportEvents(warehouse, feedsOf(journal, market.outbox));
await market.close();
await journal.close();
