import { counted, type Range, type Report, within } from './query.ts';

/** Basis points by which a fill was worse than a price, above zero when it cost more. */
const worse = (price: string): string =>
  `(CASE f.side WHEN 'buy' THEN 1 ELSE -1 END) * (f.price / ${price} - 1) * 10000`;

/** A fill at the edge belongs to a decision a little before it. */
const around = ({ from, to }: Range): Range => ({ from: from - 3_600_000, to: to + 3_600_000 });

export const fillQuality: Report = {
  name: 'fills',
  title: 'Quality of the fills',
  description:
    'Slippage of the fills that belong to a cycle, weighted by their value, in basis points, above zero when it cost us: against the arrival price (the best price of the other side in the snapshot that was decided on), against that snapshot’s mid, and against its microprice. Fee: of the fills whose fee is known in the quote currency.',
  columns: [
    { name: 'symbol', title: 'symbol', unit: 'text' },
    { name: 'side', title: 'side', unit: 'text' },
    { name: 'liquidity', title: 'liquidity', unit: 'text' },
    { name: 'fills', title: 'fills', unit: 'count' },
    { name: 'turnover', title: 'turnover', unit: 'number' },
    { name: 'arrival', title: 'against arrival', unit: 'bps' },
    { name: 'mid', title: 'against mid', unit: 'bps' },
    { name: 'microprice', title: 'against microprice', unit: 'bps' },
    { name: 'fee', title: 'fee', unit: 'bps' },
  ],
  sql: (d, range) => `
WITH f AS (
  SELECT cycle_id, symbol, side, liquidity, ${d.double('price')} AS price, ${d.double('notional')} AS notional,
    ${d.double('fee_quote')} AS fee
  FROM ${d.table('fills')} WHERE cycle_id IS NOT NULL AND ${within(d, range)}
), books AS (
  SELECT b.cycle_id, b.symbol, ${d.double('b.bid')} AS bid, ${d.double('b.ask')} AS ask, ${d.double('b.mid')} AS mid,
    ${d.double('b.microprice')} AS microprice
  FROM ${d.table('book_snapshots')} b JOIN ${d.table('decisions')} x ON x.cycle_id = b.cycle_id AND x.snapshot_id = b.snapshot_id
  WHERE x.fills > 0 AND ${within(d, around(range), 'b.event_at')} AND ${within(d, around(range), 'x.event_at')}
)
SELECT f.symbol, f.side, f.liquidity, ${d.double('COUNT(*)')} AS fills, SUM(f.notional) AS turnover,
  SUM(f.notional * ${worse("(CASE f.side WHEN 'buy' THEN b.ask ELSE b.bid END)")}) / SUM(f.notional) AS arrival,
  SUM(f.notional * ${worse('b.mid')}) / SUM(f.notional) AS mid,
  SUM(f.notional * ${worse('b.microprice')}) / SUM(f.notional) AS microprice,
  SUM(f.fee) / SUM(CASE WHEN f.fee IS NULL THEN NULL ELSE f.notional END) * 10000 AS fee
FROM f JOIN books b ON b.cycle_id = f.cycle_id AND b.symbol = f.symbol
GROUP BY f.symbol, f.side, f.liquidity ORDER BY f.symbol, f.side, f.liquidity`,
};

export const latency: Report = {
  name: 'latency',
  title: 'From signal to execution',
  description:
    'Milliseconds from the snapshot that was decided on to the fill, for the fills that belong to a cycle; and how long its decision took. A resting or sliced order takes as long as it was meant to. Percentiles are approximate.',
  columns: [
    { name: 'day', title: 'day', unit: 'day' },
    { name: 'fills', title: 'fills', unit: 'count' },
    { name: 'p50', title: 'p50', unit: 'ms' },
    { name: 'p95', title: 'p95', unit: 'ms' },
    { name: 'p99', title: 'p99', unit: 'ms' },
    { name: 'cycle_p50', title: 'cycle p50', unit: 'ms' },
    { name: 'cycle_p95', title: 'cycle p95', unit: 'ms' },
  ],
  chart: { kind: 'line', x: 'day', y: ['p50', 'p95'] },
  sql: (d, range) => `
WITH cycles AS (
  SELECT cycle_id, ${d.day('event_at')} AS day, ${d.millis('snapshot_at')} AS seen, duration_ms, fills
  FROM ${d.table('decisions')} WHERE snapshot_at IS NOT NULL AND ${within(d, range)}
), waits AS (
  SELECT c.day, ${d.millis('f.event_at')} - c.seen AS wait
  FROM ${d.table('fills')} f JOIN cycles c ON c.cycle_id = f.cycle_id WHERE c.fills > 0 AND ${within(d, range, 'f.event_at')}
), by_day AS (
  SELECT day, COUNT(*) AS fills, ${d.quantile('wait', 0.5)} AS p50, ${d.quantile('wait', 0.95)} AS p95,
    ${d.quantile('wait', 0.99)} AS p99
  FROM waits GROUP BY day
), spans AS (
  SELECT day, ${d.quantile('duration_ms', 0.5)} AS p50, ${d.quantile('duration_ms', 0.95)} AS p95 FROM cycles GROUP BY day
)
SELECT s.day, ${d.double('COALESCE(w.fills, 0)')} AS fills, ${d.double('w.p50')} AS p50, ${d.double('w.p95')} AS p95,
  ${d.double('w.p99')} AS p99, ${d.double('s.p50')} AS cycle_p50, ${d.double('s.p95')} AS cycle_p95
FROM spans s LEFT JOIN by_day w ON w.day = s.day ORDER BY s.day`,
};

export const outcomes: Report = {
  name: 'cycles',
  title: 'How the cycles ended',
  description: 'Trading cycles by day and outcome, with the limits that bit and the orders that were sent.',
  columns: [
    { name: 'day', title: 'day', unit: 'day' },
    { name: 'completed', title: 'completed', unit: 'count' },
    { name: 'no_trade', title: 'no trade', unit: 'count' },
    { name: 'degraded', title: 'degraded', unit: 'count' },
    { name: 'halted', title: 'halted', unit: 'count' },
    { name: 'skipped', title: 'skipped', unit: 'count' },
    { name: 'limits', title: 'limits that bit', unit: 'count' },
    { name: 'signals', title: 'signals', unit: 'count' },
    { name: 'abstentions', title: 'abstentions', unit: 'count' },
  ],
  chart: { kind: 'bar', x: 'day', y: ['completed', 'no_trade', 'degraded', 'halted', 'skipped'] },
  sql: (d, range) => `
WITH bites AS (
  SELECT ${d.day('event_at')} AS day, COUNT(*) AS n FROM ${d.table('risk_verdicts')} WHERE ${within(d, range)} GROUP BY 1
), ends AS (
  SELECT ${d.day('event_at')} AS day, ${counted("outcome = 'COMPLETED'")} AS completed, ${counted("outcome = 'NO_TRADE'")} AS no_trade,
    ${counted("outcome = 'DEGRADED'")} AS degraded, ${counted("outcome = 'HALTED'")} AS halted,
    ${counted("outcome = 'SKIPPED_STALE'")} AS skipped, SUM(signals) AS signals, SUM(abstentions) AS abstentions
  FROM ${d.table('decisions')} WHERE ${within(d, range)} GROUP BY 1
)
SELECT e.day, ${d.double('e.completed')} AS completed, ${d.double('e.no_trade')} AS no_trade, ${d.double('e.degraded')} AS degraded,
  ${d.double('e.halted')} AS halted, ${d.double('e.skipped')} AS skipped, ${d.double('COALESCE(b.n, 0)')} AS limits,
  ${d.double('e.signals')} AS signals, ${d.double('e.abstentions')} AS abstentions
FROM ends e LEFT JOIN bites b ON b.day = e.day ORDER BY e.day`,
};

export const incidents: Report = {
  name: 'incidents',
  title: 'Incidents',
  description:
    'What went wrong and what was done about it, newest first: halts, books that differed, failures and recoveries.',
  columns: [
    { name: 'at', title: 'at', unit: 'time' },
    { name: 'severity', title: 'severity', unit: 'text' },
    { name: 'kind', title: 'kind', unit: 'text' },
    { name: 'component', title: 'component', unit: 'text' },
    { name: 'detail', title: 'detail', unit: 'text' },
    { name: 'outcome', title: 'outcome', unit: 'text' },
    { name: 'duration', title: 'took', unit: 'ms' },
  ],
  sql: (d, range) => `
SELECT ${d.millis('event_at')} AS at, severity, kind, component, detail, outcome, ${d.double('duration_ms')} AS duration
FROM ${d.table('health_events')} WHERE ${within(d, range)} ORDER BY event_at DESC, sequence DESC LIMIT 200`,
};
