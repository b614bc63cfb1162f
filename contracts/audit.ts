import { plainText } from './text.ts';

/** What a person, or a limit in a person's stead, changed: each stands in the audit trail, chained to all before it. */
const auditedKinds: ReadonlySet<string> = new Set([
  'trading.halted',
  'trading.reducing',
  'trading.activated',
  'trading.resumed',
  'flatten.ordered',
  'books.bound',
  'books.unbound',
  'books.adopted',
  'live.enabled',
  'live.disabled',
  'starts.allowed',
  'risk.changed',
  'policy.changed',
  'participation.changed',
  'participation.seeded',
  'capital.deposited',
  'capital.withdrawn',
  'position.booked_out',
  'position.close_asked',
  'position.exits_set',
  'symbol.left_out',
  'symbol.taken_back',
  'fees.settled',
  'model.registered',
  'model.promoted',
  'model.retired',
  'model.returned',
  'data.deleted',
  'data.restored',
  'request.taken',
]);

export function isAudited(kind: string): boolean {
  return auditedKinds.has(kind);
}

/**
 * By what a change came in, beside the name that its sender claims: a word for the door, and who stood at it as far as the door knows.
 * `os:USER` a command, run by this user of the operating system; `temporal:IDENTITY` a message to a workflow, from a client of this identity;
 * `token:NAME` a bearer's token; `system:PART` software of ours. Empty in entries from before it was written.
 */
export type Via = '' | `os:${string}` | `temporal:${string}` | `token:${string}` | `system:${string}`;

const MAX_VIA_BYTES = 200;

/** As a door knows it: a user or an identity may hold anything. */
export const via = {
  os: (user: string): Via => `os:${plainText(user, MAX_VIA_BYTES)}`,
  temporal: (identity: string): Via => `temporal:${plainText(identity, MAX_VIA_BYTES)}`,
  token: (name: string): Via => `token:${plainText(name, MAX_VIA_BYTES)}`,
  system: (part: string): Via => `system:${part}`,
};
