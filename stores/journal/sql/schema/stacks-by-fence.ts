import type { Dialect } from './dialect.ts';

/** A claim is a row of its own: a data folder that was copied has the id of the one that it was taken from, whose row the copy's claim wrote over. */
export function stacksByFence({ integer, table }: Dialect): string {
  const columns = 'fence, stack_id, kind, machine, host, folder, terms, started_at, heard_at, until, lease_ms';
  return `
CREATE TABLE stack_claims (
  fence ${integer} PRIMARY KEY,
  stack_id TEXT NOT NULL,
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
INSERT INTO stack_claims (${columns}) SELECT ${columns} FROM stacks;
DROP TABLE stacks;
ALTER TABLE stack_claims RENAME TO stacks;
`;
}
