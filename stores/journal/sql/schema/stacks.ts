import type { Dialect } from './dialect.ts';

/** Who runs the books, and what of it has what may run once. */
export function stacks({ integer, table }: Dialect): string {
  return `
CREATE TABLE stacks (
  stack_id TEXT PRIMARY KEY,
  fence ${integer} NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('first', 'joined')),
  machine TEXT NOT NULL,
  host TEXT NOT NULL,
  folder TEXT NOT NULL,
  terms TEXT,
  started_at ${integer} NOT NULL,
  heard_at ${integer} NOT NULL,
  until ${integer} NOT NULL,
  lease_ms ${integer} NOT NULL
)${table};

CREATE TABLE stack_parts (
  part TEXT PRIMARY KEY,
  stack_id TEXT NOT NULL,
  fence ${integer} NOT NULL
)${table};
`;
}
