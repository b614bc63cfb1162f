import { setTimeout as sleep } from 'node:timers/promises';
import type { BigQuery, Job } from '@google-cloud/bigquery';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { UserError } from '../../../contracts/errors.ts';
import { tables } from '../../../contracts/warehouse/tables.ts';
import type { Segment } from '../port.ts';
import { codeOf, isTransient, refusal } from './faults.ts';
import type { Field } from './schema.ts';

/** A job that failed keeps its id for ever: the next try has another. */
const MOST_JOBS = 20;
const POLL_MS = { first: 250, most: 5_000 };

interface JobState {
  status?: { state?: string; errorResult?: { reason?: string; message?: string } };
  statistics?: { load?: { outputRows?: string } };
}

/** The same for the same segment, whoever loads it and however often. At most 1,024 letters, digits, `_` and `-`. */
export function jobIdOf(dataset: string, { file }: Segment, number: number): string {
  const name = file.replace(/\.parquet$/, '').replaceAll(/[^\w-]/g, '_');
  return `sapphire_${dataset}_${name}${number === 1 ? '' : `_${number}`}`;
}

/**
 * Has the segment's rows in its table when it resolves. BigQuery runs a job id once: a request whose answer was lost, or that somebody made before,
 * is met with 409, and then that job is waited for. Only a job that ended in an error is followed by another, under the next id.
 */
export async function loadSegment(
  client: BigQuery,
  { dataset, location }: { dataset: string; location: string },
  segment: Segment,
  path: string,
): Promise<void> {
  const persistent = retry(handleWhen(isTransient), {
    maxAttempts: 6,
    backoff: new ExponentialBackoff({ initialDelay: 200, maxDelay: 10_000 }),
  });
  try {
    for (let number = 1; number <= MOST_JOBS; number += 1) {
      const jobId = jobIdOf(dataset, segment, number);
      const ours = await persistent.execute(() => submit(client, dataset, segment, path, jobId));
      const { status, statistics } = await finished(ours ?? client.job(jobId, { location }), persistent);
      const fault = status?.errorResult;
      if (!fault) {
        checkRows(segment, jobId, statistics?.load?.outputRows);
        return;
      }
      // One that failed before may have been mended since; one that fails now would fail again.
      if (ours) throw failed(segment, jobId, fault.message ?? fault.reason ?? 'no reason given');
    }
  } catch (error) {
    throw refusal(error, `${dataset}.${segment.table}`);
  }
  throw failed(segment, jobIdOf(dataset, segment, MOST_JOBS), `${MOST_JOBS} jobs failed`);
}

/** Undefined when a job of this id is there already. */
async function submit(
  client: BigQuery,
  dataset: string,
  { table }: Segment,
  path: string,
  jobId: string,
): Promise<Job | undefined> {
  try {
    const handle = client.dataset(dataset).table(table);
    // Parquet says of every column that it may be empty: without the table's own schema a load would loosen what is required, and is refused.
    const [{ schema }] = (await handle.getMetadata()) as [{ schema?: { fields?: Field[] } }, ...unknown[]];
    const columns = new Set<string>(tables[table].columns.map(({ name }) => name));
    const fields = (schema?.fields ?? []).filter(({ name }) => columns.has(name));
    const [job] = await handle.createLoadJob(path, {
      jobId,
      sourceFormat: 'PARQUET',
      writeDisposition: 'WRITE_APPEND',
      createDisposition: 'CREATE_NEVER',
      schema: { fields },
      decimalTargetTypes: ['NUMERIC', 'BIGNUMERIC'],
    });
    return job;
  } catch (error) {
    if (codeOf(error) === 409) return undefined;
    throw error;
  }
}

async function finished(job: Job, persistent: { execute<T>(work: () => Promise<T>): Promise<T> }): Promise<JobState> {
  for (let pause = POLL_MS.first; ; pause = Math.min(pause * 2, POLL_MS.most)) {
    const [state] = (await persistent.execute(() => job.getMetadata())) as [JobState, ...unknown[]];
    if (state.status?.state === 'DONE') return state;
    await sleep(pause);
  }
}

function checkRows({ file, rows }: Segment, jobId: string, written: string | undefined): void {
  if (Number(written) === rows) return;
  throw new UserError(
    'CloudRowsDiffer',
    `BigQuery took ${written ?? 'an unknown number of'} rows of ${file}, which has ${rows} (job ${jobId}). Look at the job; the views "…_once" still show each row once.`,
  );
}

function failed({ file }: Segment, jobId: string, reason: string): UserError {
  return new UserError('CloudLoadFailed', `BigQuery did not load ${file} (job ${jobId}): ${reason}.`);
}
