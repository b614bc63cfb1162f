import type { Dialect } from './dialect.ts';

/** What was asked over the API, under the key by which the same request is known again, and what was answered. */
export function apiRequests({ integer, table }: Dialect): string {
  return `
CREATE TABLE api_requests (
  person TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  request_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  taken_at ${integer} NOT NULL,
  status ${integer},
  answer TEXT,
  PRIMARY KEY (person, idempotency_key)
)${table};
CREATE INDEX api_requests_by_time ON api_requests (taken_at);
`;
}
