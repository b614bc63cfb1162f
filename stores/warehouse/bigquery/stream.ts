import { adapt, managedwriter, protos } from '@google-cloud/bigquery-storage';
import { credentials } from '@grpc/grpc-js';
import type { BigQuerySettings } from '../../../contracts/config/warehouse.ts';
import type { Column } from '../../../contracts/warehouse/columns.ts';
import { type TableName, tables } from '../../../contracts/warehouse/tables.ts';
import { quoted, withDuckDb } from '../duckdb/database.ts';
import type { Segment } from '../port.ts';
import type { Warehouse } from '../warehouse.ts';
import { refusal } from './faults.ts';

/** Rows of one request, which takes ten megabytes at most. */
const ROWS = 500;
const ALREADY_EXISTS = 6;
const WRITE_STREAM_VIEW = protos.google.cloud.bigquery.storage.v1.WriteStreamView;

type Json = Record<string, string | number | boolean | null>;
type Client = InstanceType<typeof managedwriter.WriterClient>;

/**
 * Google's Storage Write API, for tables whose rows are wanted within seconds. One committed stream a segment, whose name is kept before the first row is
 * sent: an append states the offset that it begins at, so that one which was carried out before, and whose answer was lost, is refused as there already. A stream is not
 * finalised: it would take no more appends from whoever goes on after a crash, and ends by itself.
 */
export interface SegmentStreams {
  /** Makes a stream without rows and returns its name. */
  open(table: TableName): Promise<string>;
  /** Has the segment's rows in its table when it resolves. Idempotent for the same stream. */
  append(segment: Segment, path: string, stream: string): Promise<void>;
  close(): void;
}

export function createSegmentStreams(
  { project, storageEndpoint }: BigQuerySettings,
  dataset: string,
  limits: Warehouse['limits'],
): SegmentStreams {
  let connected: Client | undefined;
  const client = (): Client => (connected ??= connect(project, storageEndpoint));
  const where = (table: TableName): string => `${project}.${dataset}.${table}`;
  return {
    async open(table) {
      try {
        const destinationTable = `projects/${project}/datasets/${dataset}/tables/${table}`;
        return await client().createWriteStream({ streamType: managedwriter.CommittedStream, destinationTable });
      } catch (error) {
        throw refusal(error, where(table));
      }
    },
    async append(segment, path, stream) {
      const rows = await readRows(segment, path, limits);
      try {
        await appendAll(client(), stream, rows);
      } catch (error) {
        throw refusal(error, where(segment.table));
      }
    },
    close: () => connected?.close(),
  };
}

function connect(project: string, endpoint: string | undefined): Client {
  if (endpoint === undefined) return new managedwriter.WriterClient({ projectId: project });
  const { hostname, port } = new URL(endpoint);
  const sslCreds = credentials.createInsecure();
  return new managedwriter.WriterClient({ projectId: project, apiEndpoint: hostname, port: Number(port), sslCreds });
}

async function appendAll(client: Client, stream: string, rows: readonly Json[]): Promise<void> {
  const { tableSchema } = await client.getWriteStream({ streamId: stream, view: WRITE_STREAM_VIEW.FULL });
  const protoDescriptor = adapt.convertStorageSchemaToProto2Descriptor(tableSchema ?? {}, 'root');
  const connection = await client.createStreamConnection({ streamId: stream });
  // The write that waits is told as well: without a listener the event alone would end the process.
  connection.on('error', () => undefined);
  const writer = new managedwriter.JSONWriter({ connection, protoDescriptor });
  try {
    for (let offset = 0; offset < rows.length; offset += ROWS) {
      const { error } = await writer.appendRows(rows.slice(offset, offset + ROWS), offset).getResult();
      if (error && error.code !== ALREADY_EXISTS) {
        throw Object.assign(new Error(error.message ?? 'the append failed'), { code: error.code });
      }
    }
  } finally {
    writer.close();
  }
}

/** In the forms that the interface takes: whole numbers and decimals as text, times as microseconds. */
async function readRows({ table }: Segment, path: string, limits: Warehouse['limits']): Promise<Json[]> {
  const select = tables[table].columns.map((column) => `${formOf(column)} AS "${column.name}"`).join(', ');
  return withDuckDb(limits, async (connection) => {
    const reader = await connection.runAndReadAll(`SELECT ${select} FROM read_parquet(${quoted(path)})`);
    return reader.getRowObjectsJson() as Json[];
  });
}

function formOf({ name, kind }: Column): string {
  if (kind === 'time') return `epoch_us("${name}")::VARCHAR`;
  return kind === 'decimal' || kind === 'integer' ? `"${name}"::VARCHAR` : `"${name}"`;
}
