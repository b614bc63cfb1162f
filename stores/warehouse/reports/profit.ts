import { counted, type Report, within } from './query.ts';

/** Equity at the end of each day, against that of the day before and what was paid in or out between. */
export const profitByDay: Report = {
  name: 'pnl-days',
  title: 'Profit and loss by day',
  description:
    'Change of equity from the last mark before the day to the last of the day, less deposits and withdrawals since then; an account begins with nothing, and its first deposit is paid in like any other. Realised: of the sales booked that day, fees included. All in the account’s currency; days are UTC.',
  columns: [
    { name: 'day', title: 'day', unit: 'day' },
    { name: 'equity', title: 'equity', unit: 'money' },
    { name: 'pnl', title: 'PnL', unit: 'money' },
    { name: 'realized', title: 'realised', unit: 'money' },
    { name: 'fees', title: 'fees', unit: 'money' },
    { name: 'flows', title: 'paid in', unit: 'money' },
    { name: 'turnover', title: 'turnover', unit: 'money' },
    { name: 'fills', title: 'fills', unit: 'count' },
  ],
  chart: { kind: 'line', x: 'day', y: ['equity'] },
  sql: (d, range) => `
WITH marks AS (
  SELECT ${d.day('event_at')} AS day, ${d.latest('equity', 'event_at')} AS equity, MIN(event_at) AS since
  FROM ${d.table('portfolio_snapshots')} WHERE ${within(d, range)} GROUP BY 1
), before AS (
  SELECT ${d.latest('equity', 'event_at')} AS equity FROM ${d.table('portfolio_snapshots')}
  WHERE event_at < ${d.moment(range.from)}
), first_mark AS (
  SELECT MAX(p.equity) AS equity, MAX(p.event_at) AS at FROM ${d.table('portfolio_snapshots')} p
  JOIN (SELECT MIN(since) AS since FROM marks) m ON p.event_at = m.since
), flows AS (
  SELECT f.event_at, ${d.day('f.event_at')} AS day, f.value FROM ${d.table('capital_flows')} f CROSS JOIN before b
  WHERE f.event_at < ${d.moment(range.to)} AND (b.equity IS NULL OR f.event_at >= ${d.moment(range.from)})
), opening AS (
  SELECT COALESCE(MAX(b.equity), CASE WHEN (SELECT MIN(event_at) FROM flows) <= MAX(m.at) THEN 0 END, MAX(m.equity)) AS equity
  FROM before b CROSS JOIN first_mark m
), paid AS (
  SELECT m.day, SUM(CASE WHEN f.day <= m.day THEN f.value ELSE 0 END) AS value
  FROM marks m CROSS JOIN (SELECT day, value FROM flows UNION ALL SELECT 0, 0) f GROUP BY m.day
), trades AS (
  SELECT ${d.day('event_at')} AS day, SUM(realized_pnl) AS realized, SUM(fee_quote) AS fees, SUM(notional) AS turnover,
    COUNT(*) AS fills
  FROM ${d.table('fills')} WHERE ${within(d, range)} GROUP BY 1
), days AS (
  SELECT m.day, m.equity, COALESCE(LAG(m.equity) OVER (ORDER BY m.day), (SELECT equity FROM opening)) AS opened,
    p.value - COALESCE(LAG(p.value) OVER (ORDER BY m.day), 0) AS paid
  FROM marks m JOIN paid p ON p.day = m.day
)
SELECT m.day, ${d.text('m.equity')} AS equity, ${d.text('m.equity - m.opened - m.paid')} AS pnl,
  ${d.text('COALESCE(t.realized, 0)')} AS realized, ${d.text('COALESCE(t.fees, 0)')} AS fees, ${d.text('m.paid')} AS flows,
  ${d.text('COALESCE(t.turnover, 0)')} AS turnover, ${d.double('COALESCE(t.fills, 0)')} AS fills
FROM days m LEFT JOIN trades t ON t.day = m.day
ORDER BY m.day`,
};

export const profitBySymbol: Report = {
  name: 'pnl-symbols',
  title: 'Profit and loss by symbol',
  description:
    'Realised: of the sales in the range, against average cost, fees included. Unrealised and held: at the last mark in the range. A sale wins when it brings more than it cost.',
  columns: [
    { name: 'symbol', title: 'symbol', unit: 'text' },
    { name: 'realized', title: 'realised', unit: 'money' },
    { name: 'unrealized', title: 'unrealised', unit: 'money' },
    { name: 'held', title: 'held', unit: 'money' },
    { name: 'fees', title: 'fees', unit: 'money' },
    { name: 'turnover', title: 'turnover', unit: 'money' },
    { name: 'fills', title: 'fills', unit: 'count' },
    { name: 'wins', title: 'sales won', unit: 'share' },
  ],
  chart: { kind: 'bar', x: 'symbol', y: ['realized', 'unrealized'] },
  sql: (d, range) => `
WITH trades AS (
  SELECT symbol, SUM(realized_pnl) AS realized, SUM(fee_quote) AS fees, SUM(notional) AS turnover, COUNT(*) AS fills,
    ${counted("side = 'sell'")} AS sales, ${counted("side = 'sell' AND realized_pnl > 0")} AS won
  FROM ${d.table('fills')} WHERE ${within(d, range)} GROUP BY symbol
), last_mark AS (
  SELECT MAX(event_at) AS at FROM ${d.table('portfolio_snapshots')} WHERE ${within(d, range)}
), held AS (
  SELECT p.symbol, SUM(p.unrealized_pnl) AS unrealized, SUM(p.value) AS value
  FROM ${d.table('position_snapshots')} p JOIN last_mark l ON p.event_at = l.at WHERE ${within(d, range, 'p.event_at')}
  GROUP BY p.symbol
)
SELECT COALESCE(t.symbol, h.symbol) AS symbol, ${d.text('COALESCE(t.realized, 0)')} AS realized,
  ${d.text('COALESCE(h.unrealized, 0)')} AS unrealized, ${d.text('COALESCE(h.value, 0)')} AS held,
  ${d.text('COALESCE(t.fees, 0)')} AS fees, ${d.text('COALESCE(t.turnover, 0)')} AS turnover,
  ${d.double('COALESCE(t.fills, 0)')} AS fills, ${d.double('t.won')} / NULLIF(t.sales, 0) AS wins
FROM trades t FULL JOIN held h ON h.symbol = t.symbol
ORDER BY 1`,
};

export const drawdown: Report = {
  name: 'drawdown',
  title: 'Drawdown by day',
  description:
    'Greatest fall of equity below its highest point so far, deposits and withdrawals taken out, as the risk limits see it; and where it stood at the end of the day.',
  columns: [
    { name: 'day', title: 'day', unit: 'day' },
    { name: 'worst', title: 'worst', unit: 'share' },
    { name: 'at_end', title: 'at the end', unit: 'share' },
    { name: 'high_water', title: 'highest so far', unit: 'money' },
  ],
  chart: { kind: 'line', x: 'day', y: ['worst', 'at_end'] },
  sql: (d, range) => `
SELECT day, MAX(fall) AS worst, ${d.latest('fall', 'event_at')} AS at_end, ${d.text('MAX(high_water)')} AS high_water
FROM (
  SELECT ${d.day('event_at')} AS day, event_at, high_water,
    CASE WHEN high_water > 0 THEN 1 - ${d.double('equity')} / ${d.double('high_water')} ELSE 0 END AS fall
  FROM ${d.table('portfolio_snapshots')} WHERE ${within(d, range)}
) AS falls
GROUP BY day ORDER BY day`,
};

/** A signal is settled so long after its decision at most. */
const LONGEST_HORIZON_MS = 8 * 86_400_000;

/** An agent's share of what was traded on its word. */
export const profitByAgent: Report = {
  name: 'pnl-agents',
  title: 'Profit and loss by agent',
  description:
    'Contribution: sum of vote share × side × return over the horizon, of every signal whose horizon ended in the range, in basis points of the stakes. Attributed: the same sum, weighted with what the signal’s cycle opened in its symbol, in the account’s currency: an estimate over the agents’ horizon, without fees, that does not add up to the account’s PnL.',
  columns: [
    { name: 'agent', title: 'agent', unit: 'text' },
    { name: 'signals', title: 'signals', unit: 'count' },
    { name: 'contribution', title: 'contribution', unit: 'bps' },
    { name: 'attributed', title: 'attributed', unit: 'number' },
    { name: 'hit_rate', title: 'hit rate', unit: 'share' },
  ],
  chart: { kind: 'bar', x: 'agent', y: ['contribution'] },
  sql: (d, range) => `
WITH opened AS (
  SELECT cycle_id, symbol, ${d.double('SUM(notional)')} AS notional
  FROM ${d.table('fills')} WHERE side = 'buy' AND cycle_id IS NOT NULL AND ${within(d, { ...range, from: range.from - LONGEST_HORIZON_MS })}
  GROUP BY cycle_id, symbol
), said AS (
  SELECT agent, cycle_id, symbol, outcome = direction AS hit,
    vote_share * (CASE direction WHEN 'up' THEN 1 WHEN 'down' THEN -1 ELSE 0 END) * realised_return AS gain
  FROM ${d.table('signal_outcomes')} WHERE realised_return IS NOT NULL AND ${within(d, range)}
)
SELECT s.agent, ${d.double('COUNT(*)')} AS signals, SUM(s.gain) * 10000 AS contribution,
  COALESCE(SUM(s.gain * o.notional), 0) AS attributed, ${d.double(counted('s.hit'))} / COUNT(*) AS hit_rate
FROM said s LEFT JOIN opened o ON o.cycle_id = s.cycle_id AND o.symbol = s.symbol
GROUP BY s.agent ORDER BY contribution DESC`,
};
