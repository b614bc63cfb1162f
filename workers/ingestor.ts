import type { Client } from '@temporalio/client';
import { latchOf } from '../activities/control/latch.ts';
import { ensureProtection } from '../activities/protection/ensure.ts';
import type { Configuration } from '../contracts/config/schema.ts';
import { protectWorkflowId } from '../contracts/workflow-ids.ts';
import { correlated } from '../runtime/telemetry/correlation.ts';
import type { Logger } from '../runtime/telemetry/logger.ts';
import type { SteadyRounds } from '../runtime/telemetry/steady-rounds.ts';
import { traced } from '../runtime/telemetry/tracing.ts';
import type { Journal } from '../stores/journal/port.ts';
import type { Ingest, Stranger } from '../trading/reconcile/ingest.ts';
import { type IngestLoop, startIngestLoop } from '../trading/reconcile/ingest-loop.ts';
import { haltOnStrangers as haltOn } from '../trading/reconcile/strangers.ts';

/** A Temporal that is away keeps no bookings: the next round asks again. */
const START_WITHIN_MS = 10_000;

/** Reads the account's trades into the books, with exits that are workflows of their own. */
export function startIngestor({
  ingest,
  journal,
  client,
  configuration: { account, symbols, protection },
  logger,
  rounds,
}: {
  ingest: Ingest;
  journal: Pick<Journal, 'intents' | 'ledger'>;
  client: Client;
  configuration: Pick<Configuration, 'account' | 'symbols' | 'protection'>;
  logger: Logger;
  rounds: SteadyRounds;
}): IngestLoop {
  const protectOne = (symbol: string): Promise<void> =>
    correlated(protectWorkflowId(account, symbol), () =>
      traced('protect a holding', { place: {}, attributes: { 'sapphire.symbols': [symbol] } }, () =>
        client.withDeadline(Date.now() + START_WITHIN_MS, () => ensureProtection(client, account, symbol)),
      ),
    );
  const protect = protection.enabled ? protectOne : undefined;
  return startIngestLoop({ ingest, journal, account, symbols, protect, logger, rounds });
}

/** Halts on trades that are not ours, by the latch that runs on this server. */
export function haltOnStrangers(
  { journal, client, logger }: { journal: Pick<Journal, 'control'>; client: Client; logger: Logger },
  account: string,
): (strangers: readonly Stranger[]) => Promise<void> {
  return haltOn({ journal, latch: latchOf(client, account), logger }, account);
}
