import { type Role, roles } from '../contracts/roles.ts';
import { agentTaskQueue, TaskQueue } from '../contracts/task-queues.ts';
import { type SeatSecretName, seatIds, seatSecrets } from '../domain/signals/seats.ts';
import type { SecretName } from './configuration/secrets.ts';

/** What outlives a process, and is named by variables of its own. */
export type Store = 'journal' | 'bigquery';

export interface RoleRow {
  /** Below the project's folder. */
  entry: string;
  /** That it serves. Each task queue belongs to one role. */
  queues: readonly string[];
  /** What it depends on, as its /readyz names it. */
  probes: readonly string[];
  /** Given to it, and to no process that does not name it as well. */
  secrets: readonly SecretName[];
  stores: readonly Store[];
  /**
   * Of its workflows, where workers have versions. What ends soon ends on the version that it began on; what outlives releases goes on on the
   * newest at once, each change of it behind `patched`.
   */
  versioning: 'PINNED' | 'AUTO_UPGRADE';
  /** Processes that share its work where there are several machines; `npm start` runs one. */
  replicas: number;
  /** One of these that cannot be kept running ends the whole; any other is left down for growing pauses. */
  protectsMoney: boolean;
}

/** Every worker needs them. */
const common = ['guardSecret', 'payloadKeys'] as const satisfies SecretName[];
const exchangeKeys = ['exchangeApiKey', 'exchangeSecret', 'paperApiKey', 'paperSecret'] as const satisfies SecretName[];

const ofSeats = Object.keys(seatSecrets) as SeatSecretName[];

/**
 * The worker processes. The supervisor, their ports and health, who is given which secret, and what Prometheus scrapes all come from here.
 */
export const roleTable = {
  cycles: {
    entry: 'workers/cycles.ts',
    queues: [TaskQueue.cycles],
    probes: ['journal', 'exchange'],
    secrets: [...common, 'journalUrl', 'coordinatorToken', 'paperApiKey'],
    stores: ['journal'],
    versioning: 'PINNED',
    replicas: 2,
    // Without cycles nothing is decided anew; what is held is protected by control and sold by execution.
    protectsMoney: false,
  },
  agents: {
    entry: 'workers/agents.ts',
    queues: seatIds.map(agentTaskQueue),
    probes: ['journal'],
    secrets: [...common, 'journalUrl', ...ofSeats, 'freqtradeEngineToken'],
    stores: ['journal'],
    versioning: 'PINNED',
    replicas: 2,
    // Without the agents' answers a cycle does not trade, and what is held is protected as before.
    protectsMoney: false,
  },
  execution: {
    entry: 'workers/execution.ts',
    queues: [TaskQueue.execution, TaskQueue.books],
    probes: ['journal', 'exchange'],
    secrets: [...common, ...exchangeKeys, 'journalUrl'],
    stores: ['journal'],
    versioning: 'PINNED',
    replicas: 2,
    protectsMoney: true,
  },
  control: {
    entry: 'workers/control.ts',
    queues: [TaskQueue.control],
    probes: ['journal', 'exchange', 'control'],
    secrets: [...common, ...exchangeKeys, 'journalUrl'],
    stores: ['journal'],
    versioning: 'AUTO_UPGRADE',
    replicas: 2,
    protectsMoney: true,
  },
  housekeeping: {
    entry: 'workers/housekeeping.ts',
    queues: [TaskQueue.housekeeping],
    probes: ['journal', 'exchange'],
    // It asks the exchange for the balances, to see whether the keys are good.
    secrets: [...common, ...exchangeKeys, 'journalUrl'],
    stores: ['journal', 'bigquery'],
    versioning: 'PINNED',
    replicas: 1,
    // What it brings somewhere is safe where it is, and a look at the components that does not come is an alert.
    protectsMoney: false,
  },
} as const satisfies Record<Role, RoleRow>;

/** What a role's /readyz asks for. */
export type ProbeOf<R extends Role> = (typeof roleTable)[R]['probes'][number];

export function roleRow(role: Role): RoleRow {
  return roleTable[role];
}

/** Of one stack: what there may be one of is not where a machine joins another. */
export function rolesOf(joins: boolean): Role[] {
  return roles.filter((role) => !joins || roleRow(role).replicas > 1);
}

/** As the supervisor, logs and incidents name its process. */
export function processName(role: Role): string {
  return `workers/${role}`;
}

interface FirstPort {
  operationsPort: number;
}

/** Where a role serves /healthz, /readyz and /metrics. */
export function operationsPort({ operationsPort: first }: FirstPort, role: Role): number {
  return first + roles.indexOf(role);
}

/** Where the Temporal SDK of a role tells its metrics, to the role's own /metrics alone. */
export function sdkMetricsPort({ operationsPort: first }: FirstPort, role: Role): number {
  return first + roles.length + roles.indexOf(role);
}
