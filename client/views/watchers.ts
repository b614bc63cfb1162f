import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Incident } from '../../domain/health/health.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { alertmanagerFileIn } from '../stack/observe.ts';
import { observabilityFolder, observerAuthorization, type Watcher, watchers } from '../stack/observer-access.ts';
import { groupListens } from '../stack/port-holder.ts';
import { isAlive, startOf } from '../stack/process-identity.ts';
import { type Callee, calleesIn } from '../stack/receivers.ts';
import { type RunRecord, readRecord } from '../stack/run-record.ts';
import { clock } from './cycle-view.ts';
import type { ServiceHealth } from './services.ts';

const TIMEOUT_MS = 2_000;

/** Prometheus or Alertmanager. */
export interface WatcherView extends ServiceHealth {
  name: Watcher;
  /** It is so; UTC epoch milliseconds. */
  since: number | undefined;
}

export interface Watching {
  watchers: WatcherView[];
  /** Whom Alertmanager calls; nobody knows where nothing was ever watched. */
  callees: Callee[];
}

/**
 * Who watches over the stack of this folder. One that runs is a child of its supervisor; one that is down and wanted is an open incident.
 *
 * @returns undefined where no stack runs here, and no watchers where one runs without them
 */
export async function viewWatching(
  ports: Readonly<Record<Watcher, number>>,
  openIncidents: readonly Incident[],
  data: string = dataFolder(),
): Promise<Watching | undefined> {
  const record = readRecord(join(data, 'run.json'));
  if (!record || !isAlive(record.supervisor)) return undefined;
  const views = watchers.map((name) => {
    const incident = openIncidents.find(({ component }) => component === `process/${name}`);
    return viewOf(name, ports[name], record, incident, data);
  });
  const found = (await Promise.all(views)).filter((view) => view !== undefined);
  const file = alertmanagerFileIn(observabilityFolder(data));
  const isWatched = found.length > 0 && existsSync(file);
  return { watchers: found, callees: isWatched ? calleesIn(readFileSync(file, 'utf8')) : [] };
}

async function viewOf(
  name: Watcher,
  port: number,
  { processes }: RunRecord,
  incident: Incident | undefined,
  data: string,
): Promise<WatcherView | undefined> {
  const url = `http://127.0.0.1:${port}`;
  const child = processes.find((each) => each.name === name);
  const runs = child !== undefined && isAlive(child);
  if (!incident && !runs) return undefined;
  if (runs && groupListens(child.pid, port)) {
    const fault = await faultOf(`${url}/-/ready`, data);
    if (fault === undefined)
      return { name, url, healthy: true, detail: `since ${clock(startOf(child))}`, since: startOf(child) };
    return { name, url, healthy: false, detail: fault, since: incident?.beganAt };
  }
  const detail = incident ? `since ${clock(incident.beganAt)}: ${incident.detail}` : 'it does not listen';
  return { name, url, healthy: false, detail, since: incident?.beganAt };
}

async function faultOf(url: string, data: string): Promise<string | undefined> {
  try {
    const headers = { authorization: observerAuthorization(data) };
    const { ok, status } = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    return ok ? undefined : `it answers ${status}`;
  } catch (error) {
    return error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
  }
}
