import { type Dialect, outboxTable } from './dialect.ts';

/** The books: control, limits, orders, fills, ledger, positions, plans and decisions, participation, outbox. */
export function first(dialect: Dialect): string {
  const { integer, counter, table } = dialect;
  return `
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
)${table};

CREATE TABLE control (
  account TEXT PRIMARY KEY,
  trading_state TEXT NOT NULL CHECK (trading_state IN ('active', 'reducing', 'halted')),
  epoch ${integer} NOT NULL,
  reason TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  changed_at ${integer} NOT NULL,
  live_enabled ${integer} NOT NULL CHECK (live_enabled IN (0, 1))
)${table};

CREATE TABLE ledgers (
  account TEXT PRIMARY KEY
)${table};

CREATE TABLE requests (
  request_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  at ${integer} NOT NULL
)${table};

CREATE TABLE risk_changes (
  version ${counter},
  account TEXT NOT NULL,
  request_id TEXT NOT NULL UNIQUE,
  before TEXT,
  after TEXT NOT NULL,
  configured TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  changed_at ${integer} NOT NULL
)${table};
CREATE INDEX risk_changes_by_account ON risk_changes (account, version);

CREATE TABLE intents (
  intent_id TEXT PRIMARY KEY,
  leg_id TEXT NOT NULL,
  submission ${integer} NOT NULL,
  leg TEXT NOT NULL,
  cycle_id TEXT NOT NULL,
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL,
  purpose TEXT NOT NULL,
  order_type TEXT NOT NULL,
  quantity TEXT NOT NULL,
  limit_price TEXT NOT NULL,
  time_in_force TEXT NOT NULL,
  rest_ms ${integer} NOT NULL,
  epoch ${integer} NOT NULL,
  state TEXT NOT NULL,
  send_by ${integer} NOT NULL,
  venue_order_id TEXT,
  filled_quantity TEXT NOT NULL,
  detail TEXT NOT NULL,
  created_at ${integer} NOT NULL,
  updated_at ${integer} NOT NULL
)${table};
CREATE UNIQUE INDEX intents_by_leg ON intents (leg_id, submission);
CREATE INDEX intents_by_time ON intents (account, created_at);
CREATE INDEX intents_by_venue_order ON intents (account, symbol, venue_order_id);
CREATE INDEX intents_open ON intents (account, state)
  WHERE state IN ('submitted', 'unresolved', 'accepted', 'partially_filled', 'pending_cancel');

CREATE TABLE fills (
  venue TEXT NOT NULL,
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  trade_id TEXT NOT NULL,
  intent_id TEXT NOT NULL,
  leg_id TEXT NOT NULL,
  cycle_id TEXT NOT NULL,
  side TEXT NOT NULL,
  price TEXT NOT NULL,
  quantity TEXT NOT NULL,
  fee TEXT NOT NULL,
  fee_asset TEXT NOT NULL,
  liquidity TEXT NOT NULL,
  filled_at ${integer} NOT NULL,
  PRIMARY KEY (venue, account, symbol, trade_id, intent_id)
)${table};
CREATE INDEX fills_by_intent ON fills (intent_id);
CREATE INDEX fills_by_leg ON fills (leg_id);
CREATE INDEX fills_by_cycle ON fills (cycle_id);

CREATE TABLE closed_trades (
  leg_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  realized_pnl TEXT NOT NULL,
  closed_at ${integer} NOT NULL
)${table};
CREATE INDEX closed_trades_by_time ON closed_trades (account, closed_at);

CREATE TABLE ledger_entries (
  entry_id ${counter},
  reference TEXT NOT NULL,
  kind TEXT NOT NULL,
  account TEXT NOT NULL,
  book TEXT NOT NULL CHECK (book IN ('free', 'reserved', 'market', 'fees', 'deposits', 'dust')),
  asset TEXT NOT NULL,
  amount TEXT NOT NULL,
  booked_at ${integer} NOT NULL
)${table};
CREATE INDEX ledger_entries_by_reference ON ledger_entries (reference);

CREATE TABLE ledger_balances (
  account TEXT NOT NULL,
  book TEXT NOT NULL,
  asset TEXT NOT NULL,
  amount TEXT NOT NULL,
  PRIMARY KEY (account, book, asset)
)${table};

CREATE TABLE reservations (
  leg_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  asset TEXT NOT NULL,
  remaining TEXT NOT NULL,
  open ${integer} NOT NULL CHECK (open IN (0, 1)),
  leg TEXT NOT NULL,
  reserved_at ${integer} NOT NULL
)${table};
CREATE INDEX reservations_open ON reservations (account) WHERE open = 1;

CREATE TABLE positions (
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  quantity TEXT NOT NULL,
  average_cost TEXT NOT NULL,
  realized_pnl TEXT NOT NULL,
  dust TEXT NOT NULL,
  dust_cost TEXT NOT NULL,
  opened_at ${integer} NOT NULL,
  PRIMARY KEY (account, symbol)
)${table};

CREATE TABLE equity_marks (
  account TEXT PRIMARY KEY,
  equity TEXT NOT NULL,
  day ${integer} NOT NULL,
  day_open TEXT NOT NULL,
  high_water TEXT NOT NULL,
  marked_at ${integer} NOT NULL
)${table};

CREATE TABLE plans (
  cycle_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  plan TEXT NOT NULL,
  planned_at ${integer} NOT NULL,
  result TEXT
)${table};
CREATE INDEX plans_unsettled ON plans (account, planned_at) WHERE result IS NULL;

CREATE TABLE decisions (
  cycle_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  outcome TEXT NOT NULL,
  finished_at ${integer} NOT NULL,
  record TEXT NOT NULL
)${table};
CREATE INDEX decisions_by_time ON decisions (account, finished_at);

CREATE TABLE consensus (
  cycle_id TEXT PRIMARY KEY,
  consensus TEXT NOT NULL,
  formed_at ${integer} NOT NULL
)${table};

CREATE TABLE leases (
  account TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  until ${integer} NOT NULL
)${table};

CREATE TABLE trade_cursors (
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  next TEXT NOT NULL,
  PRIMARY KEY (account, symbol)
)${table};

CREATE TABLE reconciliations (
  account TEXT PRIMARY KEY,
  at ${integer} NOT NULL,
  differences TEXT NOT NULL,
  stable ${integer} NOT NULL
)${table};

CREATE TABLE participation (
  agent_id TEXT PRIMARY KEY,
  enabled ${integer} NOT NULL CHECK (enabled IN (0, 1)),
  weight TEXT NOT NULL
)${table};

CREATE TABLE participation_changes (
  version ${counter},
  request_id TEXT NOT NULL UNIQUE,
  agent_id TEXT NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  changed_at ${integer} NOT NULL
)${table};

${outboxTable(dialect)}
`;
}
