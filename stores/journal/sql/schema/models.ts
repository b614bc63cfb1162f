import type { Dialect } from './dialect.ts';

/** Versions of models that were trained here. */
export function models({ integer, table }: Dialect): string {
  return `
CREATE TABLE models (
  agent_id TEXT PRIMARY KEY,
  seat TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('shadow', 'voting', 'retired')),
  sha256 TEXT NOT NULL,
  training TEXT NOT NULL,
  registered_at ${integer} NOT NULL,
  registered_by TEXT NOT NULL
)${table};
`;
}
