import type { Dialect } from './dialect.ts';

/** The audit trail, and how far the outbox was trimmed once it was exported. */
export function audit({ integer, table, appendOnly }: Dialect): string {
  return `
CREATE TABLE audit_trail (
  place ${integer} PRIMARY KEY,
  event_id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  at ${integer} NOT NULL,
  mode TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  payload TEXT NOT NULL,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL
)${table};
${appendOnly('audit_trail')}
`;
}
