/** The orders of the last minute are counted by the exchange's clock, which `send_by` is of. */
export function sending(): string {
  return 'CREATE INDEX intents_by_sending ON intents (account, send_by);';
}
