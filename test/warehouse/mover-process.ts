import { join } from 'node:path';
import { z } from 'zod';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';
import { feedsOf } from '../../stores/warehouse/feeds.ts';
import { moveOut } from '../../stores/warehouse/move-out.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { diskFiles } from '../../stores/warehouse/segments/files.ts';
import { openWarehouse } from '../../stores/warehouse/warehouse.ts';
import { PAPER, temporaryMarketBuffer } from '../support/books.ts';

/** One round of retention that kills its own process before or after a step: `node mover-process.ts FOLDER DAYS before|after STEP`, DAYS from now. */
const [folder, days, when, step] = z
  .tuple([
    z.string(),
    z.coerce.number(),
    z.enum(['before', 'after']),
    z.enum(['sync', 'rename', 'createExclusive', 'release', 'none']),
  ])
  .parse(process.argv.slice(2));

const DAY_MS = 86_400_000;

function dying<Given extends unknown[], Result>(
  name: string,
  real: (...given: Given) => Promise<Result>,
): (...given: Given) => Promise<Result> {
  return async (...given) => {
    if (name === step && when === 'before') process.kill(process.pid, 'SIGKILL');
    const result = await real(...given);
    if (name === step) process.kill(process.pid, 'SIGKILL');
    return result;
  };
}

const journal = await openSqliteJournal(join(folder, 'journal.db'), PAPER);
const market = await temporaryMarketBuffer();
const feeds = feedsOf(journal, market.outbox);
const warehouse = openWarehouse({
  folder: join(folder, 'warehouse'),
  mode: 'paper',
  journal: journal.id,
  now: () => Date.now() + days * DAY_MS,
});
await exportEvents(warehouse, feeds);
const files = {
  sync: dying('sync', diskFiles.sync),
  rename: dying('rename', diskFiles.rename),
  createExclusive: dying('createExclusive', diskFiles.createExclusive),
};
const archive = {
  ...journal.archive,
  release: dying('release', journal.archive.release),
};
await moveOut({ archive, warehouse: { ...warehouse, files }, feeds }, Date.now() - 30 * DAY_MS);
await market.close();
await journal.close();
