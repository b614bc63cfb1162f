import { tmpdir } from 'node:os';
import { BigQuery } from '@google-cloud/bigquery';
import { OAuth2Client } from 'google-auth-library';
import type { Retention } from '../../../contracts/config/retention.ts';
import type { BigQuerySettings } from '../../../contracts/config/warehouse.ts';
import type { Mode } from '../../../domain/market/market.ts';
import type { CloudWarehouse } from '../port.ts';
import { refusal } from './faults.ts';
import { loadSegment } from './load.ts';
import { migrateDataset } from './migrate.ts';
import { createSegmentStreams } from './stream.ts';

export interface BigQueryWarehouse extends CloudWarehouse {
  readonly client: BigQuery;
  close(): void;
}

/**
 * Google's own ways to credentials. An emulator on this machine asks for none. The location is named where it matters: the client would put its own into the body of a load, where Google knows no such field.
 */
function connect({ project, apiEndpoint }: BigQuerySettings): BigQuery {
  const of = { projectId: project };
  if (apiEndpoint === undefined) return new BigQuery(of);
  const isHere = ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(apiEndpoint).hostname);
  if (!isHere) return new BigQuery({ ...of, apiEndpoint });
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: 'of-an-emulator', expiry_date: 4_102_444_800_000 });
  return new BigQuery({ ...of, apiEndpoint, authClient: authClient as never });
}

export function openBigQueryWarehouse(
  settings: BigQuerySettings,
  { mode, retention }: { mode: Mode; retention: Retention },
): BigQueryWarehouse {
  const dataset = settings.dataset ?? `sapphire_${mode}`;
  const client = connect(settings);
  const limits = { threads: 1, memoryMb: 256, spillFolder: tmpdir() };
  const streams = createSegmentStreams(settings, dataset, limits);
  return {
    name: `${settings.project}.${dataset}`,
    client,
    async migrate() {
      try {
        return await migrateDataset(client, { settings, dataset, mode, retention });
      } catch (error) {
        throw refusal(error, `${settings.project}.${dataset}`);
      }
    },
    load: (segment, path) =>
      segment.stream === undefined
        ? loadSegment(client, { dataset, location: settings.location }, segment, path)
        : streams.append(segment, path, segment.stream),
    streams: (table) => settings.stream.includes(table),
    streamOf: (table) => (settings.stream.includes(table) ? streams.open(table) : undefined),
    close: () => streams.close(),
  };
}
