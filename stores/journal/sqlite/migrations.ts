/** Applied in order, each once; a released one is never edited. */
export const migrations: readonly { version: number; sql: string }[] = [
  {
    version: 1,
    sql: `
CREATE TABLE control (
  account TEXT PRIMARY KEY,
  trading_state TEXT NOT NULL CHECK (trading_state IN ('active', 'reducing', 'halted')),
  epoch INTEGER NOT NULL,
  reason TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE halts (
  request_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  reason TEXT NOT NULL,
  raised_by TEXT NOT NULL,
  raised_at INTEGER NOT NULL
) STRICT;

CREATE TABLE intents (
  intent_id TEXT PRIMARY KEY,
  leg_id TEXT NOT NULL,
  submission INTEGER NOT NULL,
  cycle_id TEXT NOT NULL,
  correlation_id TEXT NOT NULL,
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL,
  purpose TEXT NOT NULL,
  quantity TEXT NOT NULL,
  limit_price TEXT NOT NULL,
  time_in_force TEXT NOT NULL,
  rest_ms INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  state TEXT NOT NULL,
  send_by INTEGER NOT NULL,
  venue_order_id TEXT,
  filled_quantity TEXT NOT NULL,
  detail TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX intents_by_leg ON intents (leg_id, submission);
CREATE INDEX intents_by_time ON intents (account, created_at);
CREATE INDEX intents_open ON intents (account, state)
  WHERE state IN ('sending', 'unresolved', 'accepted', 'partially_filled', 'pending_cancel');

CREATE TABLE fills (
  venue TEXT NOT NULL,
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  trade_id TEXT NOT NULL,
  intent_id TEXT NOT NULL,
  cycle_id TEXT NOT NULL,
  side TEXT NOT NULL,
  price TEXT NOT NULL,
  quantity TEXT NOT NULL,
  fee TEXT NOT NULL,
  fee_asset TEXT NOT NULL,
  liquidity TEXT NOT NULL,
  filled_at INTEGER NOT NULL,
  PRIMARY KEY (venue, account, symbol, trade_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX fills_by_intent ON fills (intent_id);
CREATE INDEX fills_by_cycle ON fills (cycle_id);
CREATE INDEX fills_by_time ON fills (account, filled_at);

CREATE TABLE ledger_transactions (
  transaction_id INTEGER PRIMARY KEY AUTOINCREMENT,
  reference TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  account TEXT NOT NULL,
  booked_at INTEGER NOT NULL
) STRICT;

CREATE TABLE ledger_entries (
  transaction_id INTEGER NOT NULL REFERENCES ledger_transactions (transaction_id),
  account TEXT NOT NULL,
  book TEXT NOT NULL CHECK (book IN ('free', 'reserved', 'market', 'fees', 'deposits')),
  asset TEXT NOT NULL,
  amount TEXT NOT NULL
) STRICT;
CREATE INDEX ledger_entries_by_transaction ON ledger_entries (transaction_id);

CREATE TABLE ledger_balances (
  account TEXT NOT NULL,
  book TEXT NOT NULL,
  asset TEXT NOT NULL,
  amount TEXT NOT NULL,
  PRIMARY KEY (account, book, asset)
) STRICT, WITHOUT ROWID;

CREATE TABLE reservations (
  leg_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  asset TEXT NOT NULL,
  remaining TEXT NOT NULL,
  open INTEGER NOT NULL CHECK (open IN (0, 1)),
  leg TEXT NOT NULL,
  reserved_at INTEGER NOT NULL
) STRICT;
CREATE INDEX reservations_open ON reservations (account) WHERE open = 1;

CREATE TABLE positions (
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  quantity TEXT NOT NULL,
  average_cost TEXT NOT NULL,
  realized_pnl TEXT NOT NULL,
  PRIMARY KEY (account, symbol)
) STRICT, WITHOUT ROWID;

CREATE TABLE equity_marks (
  account TEXT PRIMARY KEY,
  equity TEXT NOT NULL,
  day INTEGER NOT NULL,
  day_open TEXT NOT NULL,
  high_water TEXT NOT NULL,
  marked_at INTEGER NOT NULL
) STRICT;

CREATE TABLE plans (
  cycle_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  plan TEXT NOT NULL,
  planned_at INTEGER NOT NULL
) STRICT;

CREATE TABLE decisions (
  cycle_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  outcome TEXT NOT NULL,
  finished_at INTEGER NOT NULL,
  record TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_by_time ON decisions (account, finished_at);

CREATE TABLE consensus (
  cycle_id TEXT PRIMARY KEY,
  consensus TEXT NOT NULL,
  formed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE participation (
  agent_id TEXT PRIMARY KEY,
  enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  weight REAL NOT NULL CHECK (weight >= 0)
) STRICT;

CREATE TABLE participation_changes (
  version INTEGER PRIMARY KEY AUTOINCREMENT,
  request_id TEXT NOT NULL UNIQUE,
  agent_id TEXT NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE outbox (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  at INTEGER NOT NULL,
  mode TEXT NOT NULL,
  cycle_id TEXT,
  correlation_id TEXT,
  payload TEXT NOT NULL
) STRICT;
`,
  },
];
