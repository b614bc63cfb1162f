/** What a person, or a limit in a person's stead, changed: each stands in the audit trail, chained to all before it. */
const auditedKinds: ReadonlySet<string> = new Set([
  'trading.halted',
  'trading.reducing',
  'trading.activated',
  'trading.resumed',
  'live.enabled',
  'live.disabled',
  'risk.changed',
  'policy.changed',
  'participation.changed',
  'participation.seeded',
  'capital.deposited',
  'capital.withdrawn',
  'model.registered',
  'model.promoted',
  'model.retired',
  'data.deleted',
  'data.restored',
]);

export function isAudited(kind: string): boolean {
  return auditedKinds.has(kind);
}
