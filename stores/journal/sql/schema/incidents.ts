import type { Dialect } from './dialect.ts';

/** What went wrong and what was done about it; `body` has all of it. */
export function incidents({ integer, table }: Dialect): string {
  return `
CREATE TABLE incidents (
  incident_id TEXT PRIMARY KEY,
  component TEXT NOT NULL,
  detected_at ${integer} NOT NULL,
  recovered_at ${integer},
  body TEXT NOT NULL
)${table};
CREATE INDEX incidents_by_time ON incidents (detected_at);
`;
}
