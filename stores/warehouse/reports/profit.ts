import { counted, type Report, within } from './query.ts';

/**
 * What came of an account is its equity less all that was paid in: from one mark to the next that changes by profit and loss alone. Whether a
 * deposit stands in a mark is told by the order in which the books wrote both, since times are of two clocks. So the days add up to the
 * account's change whatever lies between a day's last mark and midnight.
 */
export const profitByDay: Report = {
  name: 'pnl-days',
  title: 'Profit and loss by day',
  description:
    'PnL: change of equity from the last mark before the day to the last of the day, less what was paid in or out between the two; an account begins with nothing, and its first deposit is paid in like any other. Equity: at the day’s last mark, with what was paid in or out since; a day without a mark has that of the day before, and its PnL stands in the next that has one. Neither is known where what lies between two marks, or before the first, is missing. Realised: of the sales of that day, and of the coins that were withdrawn or booked out as if they were sold for their worth. Fees: of the fills of that day, one in a third asset at what that had cost. The equity of a day less that of the day before is its PnL and what was paid in. All in the account’s currency; days are UTC.',
  columns: [
    { name: 'day', title: 'day', unit: 'day' },
    { name: 'equity', title: 'equity', unit: 'money' },
    { name: 'pnl', title: 'PnL', unit: 'money' },
    { name: 'realized', title: 'realised', unit: 'money' },
    { name: 'fees', title: 'fees', unit: 'money' },
    { name: 'flows', title: 'paid in', unit: 'money' },
    { name: 'turnover', title: 'turnover', unit: 'money' },
    { name: 'fills', title: 'fills', unit: 'count' },
    { name: 'unknown_fees', title: 'fees not known', unit: 'count' },
  ],
  chart: { kind: 'line', x: 'day', y: ['equity'] },
  sql: (d, range, lost) => {
    // All that lies before the range is one day before the first.
    const day = `CASE WHEN event_at < ${d.moment(range.from)} THEN -1 ELSE ${d.day('event_at')} END`;
    // What is left of a time that was deleted in part is not the whole of it.
    const kept = lost.before === undefined ? '1 = 1' : `event_at >= ${d.moment(lost.before)}`;
    const until = `event_at < ${d.moment(range.to)} AND ${kept}`;
    /** Whether events are lost between two sequences, of which the first is NULL where nothing came before. */
    const holed = (after: string, to: string): string =>
      [
        lost.before === undefined ? '1 = 0' : `${after} IS NULL`,
        ...lost.gaps.map((gap) => `(${to} > ${gap.from} AND COALESCE(${after}, 0) < ${gap.to})`),
      ].join(' OR ');
    return `
WITH flows AS (
  SELECT ${day} AS day, sequence, value, COALESCE(realized_pnl, 0) AS realized FROM ${d.table('capital_flows')} WHERE ${until}
), closes AS (
  SELECT ${day} AS day, MAX(sequence) AS sequence, ${d.latest('equity', 'sequence')} AS equity
  FROM ${d.table('portfolio_snapshots')} WHERE ${until} GROUP BY 1
), results AS (
  SELECT c.day, MAX(c.sequence) AS sequence, MAX(c.equity) - SUM(CASE WHEN f.sequence < c.sequence THEN f.value ELSE 0 END) AS result,
    ${counted('f.sequence > 0 AND f.sequence < c.sequence')} AS payments
  FROM closes c CROSS JOIN (SELECT sequence, value FROM flows UNION ALL SELECT 0, 0) f GROUP BY c.day
), neighbours AS (
  SELECT day, sequence, result, COALESCE(LAG(result) OVER (ORDER BY day), CASE WHEN payments > 0 THEN 0 ELSE result END) AS opened,
    LAG(sequence) OVER (ORDER BY day) AS marked, ROW_NUMBER() OVER (ORDER BY day) AS place
  FROM results
), gains AS (
  SELECT *, CASE WHEN ${holed('marked', 'sequence')} THEN 1 ELSE 0 END AS unknown FROM neighbours
), facts AS (
  SELECT -1 AS day, 0 AS seen, 0 AS unknown, opened AS brought, 0 AS gained, 0 AS paid, 0 AS realized, 0 AS fees, 0 AS turnover,
    0 AS fills, 0 AS unknown_fees
  FROM gains WHERE place = 1
  UNION ALL SELECT day, sequence, unknown, 0, result - opened, 0, 0, 0, 0, 0, 0 FROM gains
  UNION ALL SELECT day, sequence, 0, 0, 0, value, realized, 0, 0, 0, 0 FROM flows
  UNION ALL SELECT ${d.day('event_at')}, sequence, 0, 0, 0, 0, COALESCE(realized_pnl, 0), COALESCE(fee_quote, 0), notional, 1,
    CASE WHEN fee_quote IS NULL THEN 1 ELSE 0 END
  FROM ${d.table('fills')} WHERE ${within(d, range)} AND ${kept}
), days AS (
  SELECT day, MAX(seen) AS seen, MAX(unknown) AS unknown, SUM(brought) AS brought, SUM(gained) AS gained, SUM(paid) AS paid,
    SUM(realized) AS realized, SUM(fees) AS fees, SUM(turnover) AS turnover, SUM(fills) AS fills, SUM(unknown_fees) AS unknown_fees
  FROM facts GROUP BY day
), standing AS (
  SELECT days.*, SUM(brought + gained + paid) OVER (ORDER BY days.day) AS equity,
    MAX(seen) OVER (ORDER BY days.day) AS last_seen, MAX(closes.sequence) OVER (ORDER BY days.day) AS last_mark
  FROM days LEFT JOIN closes ON closes.day = days.day
)
SELECT day, ${d.text(`CASE WHEN ${holed('last_mark', 'last_seen')} THEN NULL ELSE equity END`)} AS equity,
  ${d.text('CASE WHEN unknown = 1 THEN NULL ELSE gained END')} AS pnl, ${d.text('realized')} AS realized,
  ${d.text('fees')} AS fees, ${d.text('paid')} AS flows, ${d.text('turnover')} AS turnover, ${d.double('fills')} AS fills,
  ${d.double('unknown_fees')} AS unknown_fees
FROM standing WHERE day >= 0
ORDER BY day`;
  },
};

/** Of a range: a quarter of an hour of a day. */
const PARTS = 96;
const MINUTE_MS = 60_000;

export const equityInDay: Report = {
  name: 'equity',
  title: 'Equity over the time',
  description:
    'Equity at the last mark of each quarter of an hour of a day, or of each 96th part of a longer time, deposits and withdrawals among it. A part without a mark has no row, and no place in the picture.',
  columns: [
    { name: 'begins', title: 'from', unit: 'time' },
    { name: 'equity', title: 'equity', unit: 'money' },
    { name: 'lowest', title: 'lowest', unit: 'money' },
  ],
  chart: { kind: 'line', x: 'begins', y: ['equity', 'lowest'] },
  sql: (d, range) => {
    const part = Math.max(1, Math.round((range.to - range.from) / PARTS / MINUTE_MS)) * MINUTE_MS;
    return `
SELECT ${range.from} + place * ${part} AS begins, ${d.text(d.latest('equity', 'sequence'))} AS equity, ${d.text('MIN(equity)')} AS lowest
FROM (
  SELECT FLOOR((${d.millis('event_at')} - ${range.from}) / ${part}) AS place, sequence, equity
  FROM ${d.table('portfolio_snapshots')} WHERE ${within(d, range)}
) AS marks
GROUP BY place ORDER BY place`;
  },
};

export const profitBySymbol: Report = {
  name: 'pnl-symbols',
  title: 'Profit and loss by symbol',
  description:
    'Realised: of the sales in the range, against average cost, fees included, and of the coins that were withdrawn or booked out as if they were sold for their worth. Unrealised and held: at the last mark in the range, with dust at what that had cost; of what had a price then. Fees: in a third asset at what that had cost. A sale, all fills of one order, wins when it brings more than it cost.',
  columns: [
    { name: 'symbol', title: 'symbol', unit: 'text' },
    { name: 'realized', title: 'realised', unit: 'money' },
    { name: 'unrealized', title: 'unrealised', unit: 'money' },
    { name: 'held', title: 'held', unit: 'money' },
    { name: 'fees', title: 'fees', unit: 'money' },
    { name: 'turnover', title: 'turnover', unit: 'money' },
    { name: 'fills', title: 'fills', unit: 'count' },
    { name: 'unknown_fees', title: 'fees not known', unit: 'count' },
    { name: 'wins', title: 'sales won', unit: 'share' },
  ],
  chart: { kind: 'bar', x: 'symbol', y: ['realized', 'unrealized'] },
  sql: (d, range) => `
WITH trades AS (
  SELECT symbol, SUM(realized_pnl) AS realized, SUM(fee_quote) AS fees, SUM(notional) AS turnover, COUNT(*) AS fills,
    ${counted('fee_quote IS NULL')} AS unknown_fees
  FROM ${d.table('fills')} WHERE ${within(d, range)} GROUP BY symbol
), sales AS (
  SELECT symbol, intent_id, SUM(realized_pnl) AS gain
  FROM ${d.table('fills')} WHERE side = 'sell' AND ${within(d, range)} GROUP BY symbol, intent_id
), won AS (
  SELECT symbol, ${d.double(counted('gain > 0'))} / COUNT(*) AS share FROM sales GROUP BY symbol
), moved AS (
  SELECT position_symbol AS symbol, SUM(realized_pnl) AS realized
  FROM ${d.table('capital_flows')} WHERE position_symbol IS NOT NULL AND ${within(d, range)} GROUP BY 1
), last_mark AS (
  SELECT MAX(sequence) AS sequence FROM ${d.table('portfolio_snapshots')} WHERE ${within(d, range)}
), held AS (
  SELECT p.symbol, SUM(p.unrealized_pnl) AS unrealized, SUM(p.value) AS value
  FROM ${d.table('position_snapshots')} p JOIN last_mark l ON p.sequence = l.sequence WHERE ${within(d, range, 'p.event_at')}
  GROUP BY p.symbol
), symbols AS (
  SELECT symbol FROM trades UNION DISTINCT SELECT symbol FROM moved UNION DISTINCT SELECT symbol FROM held
)
SELECT s.symbol, ${d.text('COALESCE(t.realized, 0) + COALESCE(m.realized, 0)')} AS realized,
  ${d.text('COALESCE(h.unrealized, 0)')} AS unrealized, ${d.text('COALESCE(h.value, 0)')} AS held,
  ${d.text('COALESCE(t.fees, 0)')} AS fees, ${d.text('COALESCE(t.turnover, 0)')} AS turnover,
  ${d.double('COALESCE(t.fills, 0)')} AS fills,
  ${d.double('COALESCE(t.unknown_fees, 0)')} AS unknown_fees, w.share AS wins
FROM symbols s LEFT JOIN trades t ON t.symbol = s.symbol LEFT JOIN moved m ON m.symbol = s.symbol LEFT JOIN won w ON w.symbol = s.symbol
  LEFT JOIN held h ON h.symbol = s.symbol
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
SELECT day, MAX(fall) AS worst, ${d.latest('fall', 'sequence')} AS at_end, ${d.text('MAX(high_water)')} AS high_water
FROM (
  SELECT ${d.day('event_at')} AS day, sequence, high_water,
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
