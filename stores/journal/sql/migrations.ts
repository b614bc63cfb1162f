import { UserError } from '../../../contracts/errors.ts';
import type { Sql } from './database.ts';
import { agents } from './schema/agents.ts';
import { apiRequests } from './schema/api-requests.ts';
import { audit } from './schema/audit.ts';
import { bindings } from './schema/bindings.ts';
import { boughtBefore } from './schema/bought-before.ts';
import { byHand } from './schema/by-hand.ts';
import type { Dialect } from './schema/dialect.ts';
import { failureCauses } from './schema/failure-causes.ts';
import { feeRates } from './schema/fee-rates.ts';
import { first } from './schema/first.ts';
import { forecasts } from './schema/forecasts.ts';
import { guardPeak } from './schema/guard-peak.ts';
import { incidents } from './schema/incidents.ts';
import { looks } from './schema/looks.ts';
import { markedPrices } from './schema/marked-prices.ts';
import { marketBuffer, snapshots } from './schema/market-buffer.ts';
import { modelCalls, sampling } from './schema/model-calls.ts';
import { models } from './schema/models.ts';
import { movedDecisions } from './schema/moved-decisions.ts';
import { movedLast } from './schema/moved-last.ts';
import { openOrders } from './schema/open-orders.ts';
import { paidIn } from './schema/paid-in.ts';
import { periodLengths } from './schema/period-lengths.ts';
import { scorePeriods } from './schema/score-periods.ts';
import { sending } from './schema/sending.ts';
import { stacks } from './schema/stacks.ts';
import { stacksByFence } from './schema/stacks-by-fence.ts';
import { standingAnswers } from './schema/standing.ts';
import { tradedHours } from './schema/traded-hours.ts';
import { upheldViews } from './schema/upheld-views.ts';
import { venues } from './schema/venues.ts';

/** Applied in order, each once; a released one is never edited. */
export interface Migration {
  version: number;
  sql: (dialect: Dialect) => string;
  /** What an earlier release writes does not fit any more: none may have the books open. */
  alone?: true;
}

/** What a database holds. */
export interface Schema {
  /** For a person. */
  name: string;
  /** PostgreSQL keeps the market buffer beside the journal, in a schema and under an order lock of its own. */
  postgres: { schema: string; orderLock: number };
  migrations: readonly Migration[];
}

export const journalSchema: Schema = {
  name: 'journal',
  postgres: { schema: 'public', orderLock: 7_002 },
  migrations: [
    { version: 1, sql: first },
    { version: 2, sql: agents, alone: true },
    { version: 3, sql: modelCalls },
    { version: 4, sql: sampling },
    { version: 5, sql: audit },
    { version: 6, sql: models },
    { version: 7, sql: incidents },
    { version: 8, sql: tradedHours },
    { version: 9, sql: sending },
    { version: 10, sql: venues, alone: true },
    { version: 11, sql: openOrders },
    { version: 12, sql: looks },
    { version: 13, sql: bindings },
    { version: 14, sql: stacks },
    { version: 15, sql: movedDecisions },
    { version: 16, sql: scorePeriods, alone: true },
    { version: 17, sql: movedLast },
    { version: 18, sql: standingAnswers },
    { version: 19, sql: upheldViews },
    { version: 20, sql: stacksByFence, alone: true },
    { version: 21, sql: forecasts, alone: true },
    { version: 22, sql: guardPeak },
    { version: 23, sql: paidIn, alone: true },
    { version: 24, sql: feeRates },
    { version: 25, sql: periodLengths, alone: true },
    { version: 26, sql: failureCauses },
    { version: 27, sql: boughtBefore },
    { version: 28, sql: byHand },
    { version: 29, sql: markedPrices },
    { version: 30, sql: apiRequests },
  ],
};

export const marketBufferSchema: Schema = {
  name: 'market buffer',
  postgres: { schema: 'market_buffer', orderLock: 7_012 },
  migrations: [
    { version: 1, sql: marketBuffer },
    { version: 2, sql: snapshots },
  ],
};

/** What is still to be applied. Books of a newer release are refused: this one would write what that one does not expect. */
export async function missingMigrations(sql: Sql, { name, migrations }: Schema): Promise<readonly Migration[]> {
  const row = await sql.row('SELECT coalesce(max(version), 0) AS version FROM migrations');
  const applied = Number(row?.['version']);
  const newest = migrations.at(-1)?.version ?? 0;
  if (applied > newest) {
    throw new UserError(
      'JournalTooNew',
      `The ${name} was written by a newer release (schema ${applied}, this one knows ${newest}): start that release again.`,
    );
  }
  return migrations.filter(({ version }) => version > applied);
}
