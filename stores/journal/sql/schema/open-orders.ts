/**
 * What may be open at the exchange, in the order in which it is asked for. Without the order SQLite took the index of all orders ever sent, and read them
 * at each plan, fence, exit and reconciliation. Of unknown end there is hardly ever one: the fence asks for them by symbol.
 */
export function openOrders(): string {
  return `
DROP INDEX intents_open;
CREATE INDEX intents_open ON intents (account, created_at, intent_id)
  WHERE state IN ('submitted', 'unresolved', 'accepted', 'partially_filled', 'pending_cancel');
CREATE INDEX intents_unresolved ON intents (account, symbol) WHERE state = 'unresolved';
`;
}
