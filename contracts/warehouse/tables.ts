import { z } from 'zod';
import { type Column, columnsOf, decimal, flag, integer, json, number, type RowShape, text, time } from './columns.ts';

/** How long rows are kept where the configuration says nothing else: by what the data is for. */
export const dataClasses = ['market', 'signals', 'trading', 'audit', 'archive'] as const;
export type DataClass = (typeof dataClasses)[number];

/** Where a row comes from: the journal's outbox, the market buffer, the journal's audit trail. Each counts its events by itself. */
export const eventSources = ['journal', 'market', 'audit'] as const;
export type EventSource = (typeof eventSources)[number];

/** Every row has these. An event that makes several rows gives each an id of its own, made from the event's. */
const common = {
  event_id: text('Unique in its table, and the same however often the event is exported.'),
  event_at: time('When it happened.'),
  ingested_at: time('When it was written to the warehouse.'),
  source: text('journal, market or audit: which buffer it came through.'),
  sequence: integer('Place in that buffer; grows with each event.'),
  mode: text('paper or live. One warehouse holds one of them.'),
  schema_version: integer('Of this table when the row was written.'),
  cycle_id: text('The trading cycle that it belongs to.').nullable(),
  correlation_id: text('The same in logs and traces.').nullable(),
};

/** Of a row's common columns, those that all rows of one batch share: they are kept once beside it. */
export const batchColumns = ['ingested_at', 'source', 'mode', 'schema_version'] as const;

export interface WarehouseTable {
  name: string;
  /** Grows with each change of the columns; columns are only ever added, and nullable. */
  version: number;
  description: string;
  dataClass: DataClass;
  /** What BigQuery clusters by, at most four columns. */
  clusterBy: readonly string[];
  row: z.ZodObject<RowShape>;
  /** What is not common to all tables. */
  facts: z.ZodObject<RowShape>;
  columns: readonly Column[];
}

function table(
  name: string,
  version: number,
  dataClass: DataClass,
  description: string,
  shape: RowShape,
): WarehouseTable {
  const row = z.strictObject({ ...common, ...shape });
  const columns = columnsOf(row);
  const clusterBy = ['symbol', 'agent', 'kind'].filter((key) => columns.some((column) => column.name === key));
  return { name, version, dataClass, description, clusterBy, row, facts: z.strictObject(shape), columns };
}

const symbol = text('BASE/QUOTE.');
const agent = text('Agent, seat or guest.');
const account = text('Name of the account in the books.');
const venue = text('Exchange.');
const side = text('buy or sell.');

export const tables = {
  events: table(
    'events',
    1,
    'archive',
    'Every event as it was told, once: the rows of the other tables are made from it.',
    {
      kind: text('A fact in past tense, e.g. fill.booked.'),
      payload: json('The fact itself.'),
    },
  ),
  unread_events: table('unread_events', 1, 'archive', 'Events of which no rows could be made, with the reason.', {
    kind: text('As it was told.'),
    reason: text('What did not fit.'),
  }),
  market_candles: table('market_candles', 1, 'market', 'Closed one-minute candles as the cycles saw them.', {
    venue,
    symbol,
    opened_at: time('Start of the minute.'),
    open: decimal('First price.'),
    high: decimal('Highest price.'),
    low: decimal('Lowest price.'),
    close: decimal('Last price.'),
    volume: decimal('Traded quantity of the base asset.'),
  }),
  book_snapshots: table('book_snapshots', 2, 'market', 'The order book that a cycle decided on.', {
    snapshot_id: text('Hash over the whole snapshot.'),
    venue,
    symbol,
    bid: decimal('Best bid.'),
    ask: decimal('Best ask.'),
    bid_quantity: decimal('At the best bid.'),
    ask_quantity: decimal('At the best ask.'),
    mid: decimal('Mean of best bid and best ask.'),
    microprice: decimal('Best prices weighted by the quantity of the other side.'),
    spread_bps: number('(ask − bid) / mid, in basis points.'),
    levels: json('{"bids": [[price, quantity], …], "asks": …}, best first.'),
    perpetual: json(
      'What the perpetual market beside it said of funding and open interest, or why nothing; missing where none was read.',
    ).nullable(),
  }),
  news: table('news', 1, 'market', 'News that an agent rated, once for each symbol that it is about.', {
    symbol,
    agent,
    news_id: text('Of the source.'),
    news_source: text('Where it came from.'),
    title: text('Headline.'),
    body: text('Its first 1,000 characters.'),
    published_at: time('As the source says.'),
    positive: number('0 to 1, as the agent rated it.'),
    neutral: number('0 to 1.'),
    negative: number('0 to 1.'),
    model: text('That rated it.'),
  }),
  agent_signals: table(
    'agent_signals',
    1,
    'signals',
    'What each agent said of each symbol: a signal, or an abstention with its reason.',
    {
      agent,
      symbol,
      kind: text('signal or abstention.'),
      via: text('cycle: asked in it. submitted: a guest brought it.'),
      reason: text('Of an abstention.').nullable(),
      detail: text('Of an abstention.').nullable(),
      direction: text('Most probable outcome: up, flat or down.').nullable(),
      probability_up: number('0 to 1.').nullable(),
      probability_flat: number('0 to 1.').nullable(),
      probability_down: number('0 to 1.').nullable(),
      expected_return: number('Fraction over the horizon.').nullable(),
      uncertainty: number('Standard deviation of the return.').nullable(),
      conviction: number('0 to 1.').nullable(),
      horizon_ms: integer('How far ahead.').nullable(),
      price: decimal('Mid of the snapshot that it was given.').nullable(),
      vote_share: number('Share of the vote that it carried; 0 where it did not count.').nullable(),
      model: text('What produced it.'),
      model_version: text('Of the model.'),
      latency_ms: number('Of the answer.').nullable(),
      rationale: text('In its own words.').nullable(),
    },
  ),
  signal_outcomes: table('signal_outcomes', 2, 'signals', 'What came of a signal, once its horizon had ended.', {
    agent,
    symbol,
    account,
    model: text('What produced the signal.'),
    price: decimal('At the decision.'),
    final_price: decimal('At the end of the horizon; missing where the venue had none.').nullable(),
    realised_return: number('Fraction over the horizon.').nullable(),
    outcome: text('up, flat or down.').nullable(),
    direction: text('What the agent held most probable.'),
    said: number('Probability that it gave to its direction.'),
    half_brier: number('Half-Brier score of this one signal, 0 to 1.').nullable(),
    vote_share: number('Share of the vote that it carried.'),
    due_at: time('End of the horizon.'),
    expected_return: number('Fraction over what was left of the horizon when it was first heard.').nullable(),
    uncertainty: number('Standard deviation of the return over the same.').nullable(),
    conviction: number('0 to 1.').nullable(),
    horizon_ms: integer('How far ahead, from when it was formed.').nullable(),
    formed_at: time('When it was formed: one that stood for many cycles is one signal.').nullable(),
  }),
  agent_scores: table(
    'agent_scores',
    3,
    'signals',
    'Scores of an agent over the weeks that are remembered, at most once an hour.',
    {
      agent,
      account,
      signals: integer('How many were scored.'),
      brier: number('Mean half-Brier score.'),
      reference_brier: number('Of a forecaster that knows only the frequencies.'),
      skill: number('1 − brier / reference.'),
      hit_rate: number('0 to 1.'),
      calibration_error: number('Expected calibration error.'),
      pnl_contribution: number('Sum of share × side × return.'),
      trust: number('Factor of its weight.'),
      horizons: number('What the signals are worth as observations without overlap.').nullable(),
      directional_skill: number('Gain in the direction over its own spread, per horizon, shrunk.').nullable(),
      trust_error: number('Standard deviation of the trust.').nullable(),
      bias: number('Mean of what came less the expected return, a fraction.').nullable(),
      information_coefficient: number('Correlation of expected return and what came, beyond the drift.').nullable(),
      slope: number('Of what came on the expected return.').nullable(),
      slope_error: number('Its standard error.').nullable(),
      coverage: number('Share of the outcomes in the middle 80 % of what was said.').nullable(),
      crps_skill: number('1 − CRPS ÷ that of a return of 0 with the deviation of the market.').nullable(),
      believed_slope: number('Part of its expected return that is believed.').nullable(),
      believed_error: number('Standard deviation of that part.').nullable(),
    },
  ),
  consensus: table('consensus', 1, 'trading', 'What the agents held together of each symbol.', {
    symbol,
    direction: text('up, flat, down, or none without a quorum.'),
    probability_up: number('0 to 1.'),
    probability_flat: number('0 to 1.'),
    probability_down: number('0 to 1.'),
    expected_return: number('Fraction over the horizon.'),
    uncertainty: number('Standard deviation, disagreement included.'),
    conviction: number('0 to 1.'),
    dissent: number('Share of the vote that held another outcome.'),
    voters: integer('Signals that counted.'),
    quorum_met: flag('Whether there was a quorum.'),
    vetoed: flag('A guard forbade to buy.'),
    method: text('Pooling rule and its version.'),
    policy_version: integer('Of the participation policy.'),
    formed_by: text('coordinator, or cycle while that was away.'),
  }),
  decisions: table('decisions', 1, 'trading', 'How each trading cycle ended, and why.', {
    account,
    outcome: text('COMPLETED, DEGRADED, NO_TRADE, HALTED or SKIPPED_STALE.'),
    summary: text('A sentence for a person.'),
    started_at: time('First step.'),
    snapshot_id: text('What it saw.').nullable(),
    snapshot_at: time('When it saw it.').nullable(),
    duration_ms: integer('From the first step to the record.'),
    signals: integer('Signals given.'),
    abstentions: integer('Agents and symbols without one.'),
    legs: integer('Legs planned.'),
    orders: integer('Legs that ended within the cycle.'),
    fills: integer('Fills booked within the cycle.'),
    tokens: integer('Of all language models.'),
    cost_usd: decimal('Of all agents.'),
    equity: decimal('After the cycle, where it could be priced.').nullable(),
  }),
  decision_records: table(
    'decision_records',
    1,
    'trading',
    'Whole decisions that moved out of the journal, at the end of the cycle; sequence is that end as well.',
    {
      account,
      outcome: text('As decisions has it.'),
      record: json('The decision record: market, answers, consensus, plan, orders, fills.'),
      consensus: json('As the coordinator formed it.').nullable(),
      plan: json('As it was reserved for.').nullable(),
      plan_end: json('How it ended.').nullable(),
      signals: json('Each signal with what came of it.'),
    },
  ),
  risk_verdicts: table(
    'risk_verdicts',
    2,
    'trading',
    'Each limit that bit, with what was wanted and what was let through.',
    {
      symbol,
      code: text('Of the limit.'),
      limit_value: text('Where it stands.'),
      value: text('What was held against it.'),
      before: text('Wanted, as measure has it.'),
      after: text('Let through, likewise.'),
      measure: text(
        'What before and after are, by the code: amount in the quote currency, quantity in the base asset, or a state.',
      ).nullable(),
    },
  ),
  allocations: table('allocations', 1, 'trading', 'Shares of equity, and what bound them.', {
    symbol,
    portfolio: text('Name in the configuration.'),
    kind: text('symbol or market_maker.'),
    wanted: number('Before any cap.'),
    share: number('Of equity.'),
    amount: decimal('In the quote currency.'),
    bound_by: text('Caps that bit, by commas.'),
  }),
  plans: table('plans', 1, 'trading', 'What each cycle meant to do, and how a plan of several legs ended.', {
    state: text('made, done, flat or held.'),
    legs: integer('In the plan.'),
    equity: decimal('It was made on.').nullable(),
    detail: text('Why it ended so.'),
  }),
  orders: table('orders', 1, 'trading', 'Each state that each order submission came to.', {
    account,
    symbol,
    intent_id: text('Client order id.'),
    leg_id: text('The leg that it works.'),
    submission: integer('From 1.'),
    side,
    purpose: text('open, protect, flatten or compensate.'),
    type: text('market, limit, post_only or stop.'),
    state: text('See the order states.'),
    quantity: decimal('Wanted.'),
    filled_quantity: decimal('So far.'),
    limit_price: decimal('The collar.'),
    venue_order_id: text('The exchange’s own id.').nullable(),
    detail: text('Why it is not as meant.'),
    created_at: time('When the fence let it pass.'),
  }),
  fills: table('fills', 1, 'trading', 'Each match at the exchange, booked once.', {
    account,
    venue,
    symbol,
    trade_id: text('The exchange’s own id.'),
    intent_id: text('Client order id.'),
    side,
    price: decimal('In the quote currency.'),
    quantity: decimal('Of the base asset.'),
    notional: decimal('price × quantity.'),
    fee: decimal('As the exchange charged it.'),
    fee_asset: text('In which it was charged.'),
    fee_quote: decimal(
      'The fee in the quote currency: one in the base at the price of the fill, one in a third asset at what that had cost.',
    ).nullable(),
    liquidity: text('maker or taker.'),
    realized_pnl: decimal('Of a sale, against average cost, fees included; 0 of a buy.').nullable(),
  }),
  portfolio_snapshots: table(
    'portfolio_snapshots',
    1,
    'trading',
    'The account after each cycle that could be priced.',
    {
      account,
      equity: decimal('At the marks, in the account’s currency.'),
      day_open: decimal('At the day’s reset, moved by deposits and withdrawals.'),
      high_water: decimal('Highest so far, moved likewise.'),
      free_cash: decimal('Of the account’s currency.'),
      reserved_cash: decimal('Held for orders.'),
      positions: integer('Symbols held.'),
    },
  ),
  position_snapshots: table(
    'position_snapshots',
    2,
    'trading',
    'Each position after each cycle that could be priced.',
    {
      account,
      symbol,
      quantity: decimal('Held.'),
      average_cost: decimal('Fees included.'),
      mark_price: decimal('Mid of the cycle’s snapshot.'),
      value: decimal('Quantity and dust × mark_price.'),
      unrealized_pnl: decimal('Against what both had cost.'),
      realized_pnl: decimal('Since the account was opened.'),
      dust: decimal(
        'Too small to be sold, beside the quantity; missing where an earlier release left it out.',
      ).nullable(),
    },
  ),
  capital_flows: table('capital_flows', 2, 'trading', 'Deposits and withdrawals: neither is gain or loss.', {
    account,
    asset: text('What was moved.'),
    amount: decimal('Below zero for a withdrawal.'),
    value: decimal('In the account’s currency.'),
    position_symbol: text('Whose position it joined or left; none of the currency itself.').nullable(),
    realized_pnl: decimal(
      'Of what left a position, or was booked out: its worth less its cost. An equal part of unrealised PnL ended with it.',
    ).nullable(),
  }),
  model_calls: table('model_calls', 1, 'signals', 'Each request to a language model.', {
    agent,
    call_id: text('Of the request.'),
    asked_model: text('That was asked for.'),
    model: text('That says it answered.'),
    prompt_version: text('Of the prompt.'),
    tokens: integer('Of question and answer.'),
    cost_usd: decimal('US dollars.'),
    finish_reason: text('As the provider says it.'),
    latency_ms: number('Until the answer.'),
  }),
  health_events: table('health_events', 1, 'audit', 'What went wrong, what was done about it, and how it ended.', {
    kind: text('e.g. books.differed, trading.halted.'),
    component: text('Whom it concerns.'),
    severity: text('info, warning or critical.'),
    detail: text('A sentence for a person.'),
    incident_id: text('What belongs together.').nullable(),
    outcome: text('Of a recovery.').nullable(),
    started_at: time('Of what has an end.').nullable(),
    duration_ms: integer('Of what has an end.').nullable(),
  }),
  audit_log: table('audit_log', 1, 'audit', 'Who changed what and why, chained by hashes.', {
    kind: text('e.g. risk.changed.'),
    by: text('Who did it.'),
    reason: text('Why.'),
    previous: text('Hash of the entry before it.'),
    hash: text('Of this entry and the hash before it, SHA-256.'),
    payload: json('What was, and what is.'),
  }),
} as const satisfies Record<string, WarehouseTable>;

export type TableName = keyof typeof tables;
export const tableNames = Object.keys(tables) as TableName[];

/** A row of a batch: without the columns that the whole batch shares. */
export type Row = Record<string, string | number | boolean | null>;
