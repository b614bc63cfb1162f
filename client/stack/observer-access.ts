import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { stringify } from 'yaml';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { keptSecret } from '../../runtime/configuration/private-file.ts';

/** As the supervisor, incidents and `temporal-dev.yml` name them. */
export const watchers = ['prometheus', 'alertmanager'] as const;
export type Watcher = (typeof watchers)[number];

/** The one user of Prometheus and Alertmanager. */
export const OBSERVER = 'sapphire';
/** The least there is: what 192 bits of chance do not make safe no cost would, and every wrong guess takes this much of the watcher's time. */
const HASH_COST = 4;

/** Of Prometheus and Alertmanager: configuration, data, and who may ask them. */
export function observabilityFolder(data = dataFolder()): string {
  const folder = join(data, 'observability');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Where the password stands, for a person and for Prometheus. */
export function observerPasswordFile(data = dataFolder()): string {
  return join(observabilityFolder(data), 'password');
}

/** The `Authorization` header that Prometheus and Alertmanager take. */
export function observerAuthorization(data = dataFolder()): string {
  return `Basic ${Buffer.from(`${OBSERVER}:${keptSecret(observerPasswordFile(data))}`).toString('base64')}`;
}

/**
 * For `--web.config.file` of both. Without it Alertmanager takes silences from any page, and Prometheus shows all that it knows to one: they
 * allow every origin and every name. A browser's preflight carries no password, so that no page gets past it.
 */
export function webFile(data = dataFolder()): string {
  return stringify({ basic_auth_users: { [OBSERVER]: hashSync(keptSecret(observerPasswordFile(data)), HASH_COST) } });
}
