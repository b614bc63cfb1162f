/** The worker processes, in the order of their operations ports. */
export const roles = ['cycles', 'agents', 'execution', 'operations'] as const;
export type Role = (typeof roles)[number];

/** Where a role serves /healthz, /readyz and /metrics. */
export function operationsPort({ operationsPort: first }: { operationsPort: number }, role: Role): number {
  return first + roles.indexOf(role);
}

/** Where the Temporal SDK of a role tells its metrics, to the role's own /metrics alone. */
export function sdkMetricsPort({ operationsPort: first }: { operationsPort: number }, role: Role): number {
  return first + roles.length + roles.indexOf(role);
}
