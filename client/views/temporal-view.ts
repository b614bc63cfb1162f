import { connect } from 'node:net';
import type { Client } from '@temporalio/client';
import type { Configuration } from '../../contracts/config/schema.ts';
import { knownSecrets } from '../../runtime/configuration/secrets.ts';
import { connectClient } from '../../runtime/temporal.ts';
import { MOST_ANSWER_MS } from '../../trading/health/probes.ts';
import { askGuards, type Guard } from '../controls/guards.ts';
import { askSchedule, type ScheduleView } from '../controls/schedule.ts';
import { stackAccess } from '../stack/connection.ts';
import { readProfile } from '../stack/profile.ts';
import type { ServiceHealth } from './services.ts';

/** A command waits less for one that is gone: whoever is far away needs several turns to shake hands. */
const PATIENCE_MS = 8_000;
const LISTENS_MS = 2_000;
/** What is asked of Temporal takes so many turns with a worker that is as far away. */
const TURNS = 3;

export interface TemporalView {
  health: ServiceHealth;
  /** Missing while Temporal does not answer. */
  schedule?: ScheduleView | 'none' | undefined;
  /** Missing while Temporal does not answer. */
  guards?: Guard[];
}

/**
 * What Temporal says, for no longer than some seconds. Slow is not down: one that answers late says how late, and is waited for as much longer.
 *
 * @param temporal a client whose connection is the caller's
 */
export async function lookAtTemporal({
  configuration: { account },
  temporal,
}: {
  configuration: Pick<Configuration, 'account'>;
  temporal(): Promise<Client>;
}): Promise<TemporalView> {
  const access = stackAccess(readProfile());
  const { address: url } = access;
  const unwell = (detail: string): ServiceHealth => ({ name: 'temporal', url, healthy: false, detail });
  const own: Client[] = [];
  try {
    const client = await temporal().catch(async (error: unknown) => {
      if (!(await listens(url))) throw error;
      const patient = await connectClient(access, knownSecrets(), PATIENCE_MS).catch(() => {
        throw error;
      });
      own.push(patient);
      return patient;
    });
    const askedAt = performance.now();
    await client.withDeadline(Date.now() + PATIENCE_MS, () => client.workflowService.getSystemInfo({}));
    const tookMs = Math.round(performance.now() - askedAt);
    const [schedule, guards] = await Promise.all([
      askSchedule(client, account, TURNS * tookMs),
      askGuards(client, account, TURNS * tookMs).catch(() => undefined),
    ]);
    const known = { schedule, ...(guards ? { guards } : {}) };
    if (tookMs > MOST_ANSWER_MS)
      return { health: { ...unwell(`slow: it took ${tookMs} ms for an answer`), slowMs: tookMs }, ...known };
    return { health: { name: 'temporal', url, healthy: true, detail: 'ok' }, ...known };
  } catch (error) {
    return { health: unwell(error instanceof Error ? error.message : String(error)) };
  } finally {
    await Promise.all(own.map(({ connection }) => connection.close()));
  }
}

/** Whether anybody takes connections there. */
function listens(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${address}`);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), timeout: LISTENS_MS });
    const end = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', end(true));
    socket.once('error', end(false));
    socket.once('timeout', end(false));
  });
}
