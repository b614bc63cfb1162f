import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { withDuckDb } from '../../../stores/warehouse/duckdb/database.ts';
import { discovery, faultsOf } from './discovery.ts';

/** What the next requests for a load meet. `lost`: carried out, and the answer never comes. */
export type Trouble = 'unavailable' | 'lost' | 'failed' | 'quota' | 'wrong-rows';

type Resource = Record<string, unknown>;

interface FakeJob {
  body: Resource;
  rows: number;
  failed: boolean;
}

const jobBody = z.looseObject({
  jobReference: z.looseObject({ jobId: z.string() }),
  configuration: z.looseObject({
    load: z.looseObject({ destinationTable: z.looseObject({ tableId: z.string() }) }).optional(),
    query: z.looseObject({ query: z.string() }).optional(),
  }),
});

/**
 * A fake of the eight methods of BigQuery's REST interface that we use. It is not Google: it holds every body against Google's own discovery document,
 * runs a job id once, counts the rows of the Parquet files that it is given, and makes trouble when it is told to.
 */
export async function startFakeBigQuery() {
  const schemas = discovery();
  const faults: string[] = [];
  const datasets = new Map<string, Resource>();
  const tables = new Map<string, Resource>();
  const jobs = new Map<string, FakeJob>();
  const rows = new Map<string, number>();
  const queries: string[] = [];
  const troubles: Trouble[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'sapphire-fake-bigquery-'));
  const server = fastify({ bodyLimit: 100_000_000 });
  server.addContentTypeParser(/multipart\/.*/, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  // Google's own client adds it to a new dataset, where it means nothing.
  const known = 'Dataset.projectId: Google knows no such field';
  const held = (type: string, body: unknown): void =>
    void faults.push(...faultsOf(schemas, type, body).filter((fault) => fault !== known));
  const refuse = (reply: FastifyReply, code: number, reason: string, message = reason) =>
    reply.code(code).send({ error: { code, message, errors: [{ reason, message }] } });
  const params = (request: FastifyRequest) => request.params as Record<string, string>;
  const root = '/bigquery/v2/projects/:project';

  server.post(`${root}/datasets`, async (request) => {
    held('Dataset', request.body);
    const body = request.body as Resource & { datasetReference: { datasetId: string } };
    datasets.set(body.datasetReference.datasetId, body);
    return body;
  });
  server.get(`${root}/datasets/:dataset`, async (request, reply) => {
    const found = datasets.get(params(request)['dataset'] ?? '');
    return found ?? refuse(reply, 404, 'notFound');
  });
  server.post(`${root}/datasets/:dataset/tables`, async (request) => {
    held('Table', request.body);
    const body = request.body as Resource & { tableReference: { tableId: string } };
    tables.set(body.tableReference.tableId, body);
    return body;
  });
  server.get(`${root}/datasets/:dataset/tables/:table`, async (request, reply) => {
    const found = tables.get(params(request)['table'] ?? '');
    return found ?? refuse(reply, 404, 'notFound');
  });
  server.patch(`${root}/datasets/:dataset/tables/:table`, async (request, reply) => {
    held('Table', request.body);
    const name = params(request)['table'] ?? '';
    const found = tables.get(name);
    if (!found) return refuse(reply, 404, 'notFound');
    const patched = { ...found, ...(request.body as Resource) };
    tables.set(name, patched);
    return patched;
  });

  /** Google refuses a load whose schema would loosen a column; a Parquet file by itself says that each may be empty. */
  const loosened = ({ destinationTable, schema }: z.output<typeof jobBody>['configuration']['load'] & object): void => {
    const name = destinationTable.tableId;
    const { fields = [] } = (schema ?? {}) as { fields?: { name: string; mode?: string }[] };
    const modes = new Map(fields.map((field) => [field.name, field.mode]));
    const { schema: own } = (tables.get(name) ?? {}) as { schema?: { fields: { name: string; mode: string }[] } };
    for (const column of own?.fields ?? []) {
      if (column.mode === 'REQUIRED' && modes.get(column.name) !== 'REQUIRED')
        faults.push(`${name}.${column.name} has changed mode from REQUIRED to NULLABLE`);
    }
  };

  const insert = async (body: Resource, content: Buffer | undefined, reply: FastifyReply) => {
    held('Job', body);
    const { jobReference, configuration } = jobBody.parse(body);
    const { jobId } = jobReference;
    if (configuration.load) loosened(configuration.load);
    const away = content && (troubles[0] === 'unavailable' || troubles[0] === 'quota');
    if (!away && jobs.has(jobId)) return refuse(reply, 409, 'duplicate', `Already Exists: Job ${jobId}`);
    const trouble = content ? troubles.shift() : undefined;
    if (trouble === 'unavailable') return refuse(reply, 503, 'backendError');
    if (trouble === 'quota') return refuse(reply, 403, 'quotaExceeded', 'Quota exceeded: load jobs per table per day');
    const table = configuration.load?.destinationTable.tableId;
    const count = content ? await rowsOf(content) : 0;
    const failed = trouble === 'failed';
    const job: FakeJob = { body, rows: trouble === 'wrong-rows' ? count - 1 : count, failed };
    jobs.set(jobId, job);
    if (table && !failed) rows.set(table, (rows.get(table) ?? 0) + count);
    if (configuration.query) queries.push(configuration.query.query);
    if (trouble === 'lost') {
      reply.hijack();
      reply.raw.destroy();
      return reply;
    }
    return answer(jobId, job);
  };
  const answer = (jobId: string, { body, rows: written, failed }: FakeJob) => ({
    ...body,
    id: jobId,
    status: {
      state: 'DONE',
      ...(failed ? { errorResult: { reason: 'invalid', message: 'Provided schema does not match' } } : {}),
    },
    statistics: { load: { outputRows: String(written) } },
  });
  const rowsOf = async (parquet: Buffer): Promise<number> => {
    const file = join(folder, `${jobs.size}.parquet`);
    writeFileSync(file, parquet);
    return withDuckDb({ threads: 1, memoryMb: 128, spillFolder: folder }, async (connection) => {
      const reader = await connection.runAndReadAll(`SELECT count(*)::INTEGER AS n FROM '${file}'`);
      return Number(reader.getRowObjectsJS()[0]?.['n']);
    });
  };

  server.post(`${root}/jobs`, async (request, reply) => insert(request.body as Resource, undefined, reply));
  server.post(`/upload${root}/jobs`, async (request, reply) => {
    const { metadata, content } = partsOf(request.body as Buffer, String(request.headers['content-type']));
    return insert(metadata, content, reply);
  });
  server.get(`${root}/jobs/:job`, async (request, reply) => {
    const id = params(request)['job'] ?? '';
    const job = jobs.get(id);
    return job ? answer(id, job) : refuse(reply, 404, 'notFound');
  });
  server.get(`${root}/queries/:job`, async (request) => ({
    jobComplete: true,
    jobReference: { jobId: params(request)['job'] },
    totalRows: '0',
    schema: { fields: [] },
    rows: [],
  }));

  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    address,
    datasets,
    tables,
    jobs,
    rows,
    queries,
    troubles,
    faults,
    close: async () => {
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The two parts of `multipart/related`: the job as JSON, the file as it is. */
function partsOf(body: Buffer, contentType: string): { metadata: Resource; content: Buffer } {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1] ?? '';
  const marker = Buffer.from(`--${boundary}`);
  const starts: number[] = [];
  for (let at = body.indexOf(marker); at >= 0; at = body.indexOf(marker, at + 1)) starts.push(at);
  const part = (index: number): Buffer => {
    const whole = body.subarray((starts[index] ?? 0) + marker.length, starts[index + 1]);
    const header = whole.indexOf('\r\n\r\n');
    return whole.subarray(header + 4, whole.length - 2);
  };
  return { metadata: JSON.parse(part(0).toString('utf8')) as Resource, content: part(1) };
}
