import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Configuration } from '../../../contracts/config/schema.ts';
import type { WrittenReport } from '../../../contracts/warehouse/reports.ts';
import { type Period, periodOf } from '../../../domain/statistics/periods.ts';
import type { Feed } from '../feeds.ts';
import type { Warehouse } from '../warehouse.ts';
import { makePage, pageName } from './make.ts';

export interface PageWriter {
  warehouse: Warehouse;
  feeds: readonly Feed[];
  configuration: Configuration;
  /** Where regular reports are put. */
  folder: string;
  logger: Logger;
}

/** Writes the report of the period that ended last before `at`, UTC epoch milliseconds, whole or not at all. A second try writes the same file anew. */
export async function writePage(
  { warehouse, feeds, configuration, folder, logger }: PageWriter,
  period: Period,
  at: number,
): Promise<WrittenReport> {
  // Loaded at its first use: most days of this process draw nothing.
  const { pageHtml } = await import('./page.ts');
  const ended = periodOf(period, at).from - 1;
  const page = await makePage(warehouse, feeds, configuration, { period, at: ended });
  const file = join(folder, pageName(page, period));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(`${file}.tmp`, pageHtml(page), { mode: 0o600, flush: true });
  await rename(`${file}.tmp`, file);
  logger.info({ period, file }, 'report written');
  return { period, file, from: page.range.from, to: page.range.to };
}
