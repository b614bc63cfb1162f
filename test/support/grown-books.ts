import type { Value } from '../../stores/journal/sql/database.ts';

/** What years of trading leave in a journal: three symbols, three orders a cycle, ten signals, all of them over. */
export interface Growth {
  orders: number;
  /** The end of the newest cycle: UTC epoch ms. */
  until: number;
  /** Of the bodies of a cycle's decision, consensus and plan; those of a real one with three symbols have 13,300, 4,400 and 1,800 characters. */
  bodies: { decision: string; consensus: string; plan: string };
  /** Where retention has been at work: of how many of the newest cycles each is left. */
  left?: { decisions: number; outbox: number; calls: number };
}

const CYCLE_MS = 30_000;
const SYMBOL = "CASE i % 3 WHEN 0 THEN 'BTC/USDT' WHEN 1 THEN 'ETH/USDT' ELSE 'SOL/USDT' END";
const BASE = "CASE i % 3 WHEN 0 THEN 'BTC' WHEN 1 THEN 'ETH' ELSE 'SOL' END";
const SIDE = "CASE (i / 3) % 2 WHEN 0 THEN 'buy' ELSE 'sell' END";
const PURPOSE = "CASE (i / 3) % 2 WHEN 0 THEN 'open' ELSE 'protect' END";
/** One in ten took nothing, one in ten was never sent. */
const STATE = "CASE i % 10 WHEN 0 THEN 'expired' WHEN 1 THEN 'denied' ELSE 'filled' END";
const ENTRIES = ['free', 'reserved', 'market', 'market', 'free', 'free', 'fees', 'reserved'];

/**
 * Writes them as a bulk, row for row as the journal would, but for the audit trail, whose chain is made row by row. Each statement holds on both
 * databases, and counts up in the database itself; books where retention has not been are those of earlier schemas, too, from 9 on.
 */
export async function growBooks(
  run: (sql: string, ...values: Value[]) => Promise<unknown>,
  { orders, until, bodies, left }: Growth,
): Promise<void> {
  const cycles = Math.floor(orders / 3);
  const counted = (count: number, first = 0): string =>
    `WITH RECURSIVE n(i) AS (SELECT ${first} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count})`;
  const from = until - cycles * CYCLE_MS;
  const at = (cycle: string): string => `${from} + CAST(${cycle} AS BIGINT) * ${CYCLE_MS}`;
  /** The first cycle of those that are left. */
  const firstOf = (kept: number | undefined): number => Math.max(0, cycles - (kept ?? cycles));
  const whole = firstOf(left?.decisions);
  const leg = `'old' || i`;
  const cycleOfOrder = `'cycle/old/' || (i / 3)`;

  await run(
    `INSERT INTO intents (intent_id, leg_id, submission, leg, cycle_id, account, symbol, side, purpose, order_type, quantity, limit_price,
       time_in_force, rest_ms, epoch, state, send_by, venue_order_id, filled_quantity, detail, created_at, updated_at)
     ${counted(orders)} SELECT ${leg} || '-1', ${leg}, 1, '{}', ${cycleOfOrder}, 'main', ${SYMBOL}, ${SIDE}, ${PURPOSE}, 'limit', '0.01', '60000',
       'IOC', 1000, 0, ${STATE}, ${at('i / 3')}, 'venue' || i, CASE ${STATE} WHEN 'filled' THEN '0.01' ELSE '0' END, '', ${at('i / 3')}, ${at('i / 3')}
     FROM n`,
  );
  await run(
    `INSERT INTO reservations (leg_id, account, asset, remaining, open, leg, reserved_at)
     ${counted(orders)} SELECT ${leg}, 'main', CASE ${SIDE} WHEN 'buy' THEN 'USDT' ELSE ${BASE} END, '0', 0, '{}', ${at('i / 3')} FROM n`,
  );
  await run(
    `INSERT INTO fills (venue, account, symbol, trade_id, intent_id, leg_id, cycle_id, side, price, quantity, fee, fee_asset, liquidity, filled_at)
     ${counted(orders)} SELECT 'binance', 'main', ${SYMBOL}, 'trade' || i, ${leg} || '-1', ${leg}, ${cycleOfOrder}, ${SIDE}, '60000', '0.01', '0.6',
       'USDT', 'taker', ${at('i / 3')} FROM n WHERE ${STATE} = 'filled'`,
  );
  await run(
    `INSERT INTO closed_trades (leg_id, account, symbol, realized_pnl, closed_at)
     ${counted(orders)} SELECT ${leg}, 'main', ${SYMBOL}, '1.5', ${at('i / 3')} FROM n WHERE ${SIDE} = 'sell' AND ${STATE} = 'filled'`,
  );
  for (const [place, book] of ENTRIES.entries()) {
    await run(
      `INSERT INTO ledger_entries (reference, kind, account, book, asset, amount, booked_at)
       ${counted(orders)} SELECT ${place < 2 ? `'reserve/'` : `'fill/'`} || ${leg}, 'fill', 'main', '${book}', 'USDT', '1', ${at('i / 3')} FROM n`,
    );
  }
  await run(
    `INSERT INTO plans (cycle_id, account, plan, planned_at, result)
     ${counted(cycles, whole)} SELECT 'cycle/old/' || i, 'main', CAST(? AS TEXT), ${at('i')}, '{}' FROM n`,
    bodies.plan,
  );
  await run(
    `INSERT INTO consensus (cycle_id, consensus, formed_at)
     ${counted(cycles, whole)} SELECT 'cycle/old/' || i, CAST(? AS TEXT), ${at('i')} FROM n`,
    bodies.consensus,
  );
  await run(
    `INSERT INTO decisions (cycle_id, account, outcome, finished_at, record${left ? ', moved_at' : ''})
     ${counted(cycles)} SELECT 'cycle/old/' || i, 'main', 'COMPLETED', ${at('i')}, CASE WHEN i < ${whole} THEN '' ELSE CAST(? AS TEXT) END
       ${left ? `, CASE WHEN i < ${whole} THEN ${at('i + 100000')} END` : ''} FROM n`,
    bodies.decision,
  );
  await run(
    `INSERT INTO signals (account, cycle_id, agent_id, symbol, model, price, due_at, probabilities, share, final_price, settled_at)
     ${counted(cycles * 10, whole * 10)} SELECT 'main', 'cycle/old/' || (i / 10), 'agent' || (i % 5), CASE (i / 5) % 2 WHEN 0 THEN 'BTC/USDT' ELSE 'ETH/USDT' END,
       'm', '60000', ${at('i / 10')}, '{"up":0.4,"flat":0.3,"down":0.3}', '0.2', '60010', ${at('i / 10')} FROM n`,
  );
  await run(
    `INSERT INTO model_calls (call_id, agent_id, cycle_id, asked_model, model, prompt_version, prompt_hash, sampling, state, cost, tokens,
       finish_reason, content, latency_ms, started_at)
     ${counted(cycles, firstOf(left?.calls))} SELECT 'call' || i, 'sentiment', 'cycle/old/' || i, 'm', 'm', '1', 'h', '{}', 'settled', '0.001', 100, 'stop', '{}', 900,
       ${at('i')} FROM n`,
  );
  await run(
    `INSERT INTO outbox (event_id, kind, at, mode, cycle_id, correlation_id, payload)
     ${counted(cycles, firstOf(left?.outbox))} SELECT 'old/' || i, 'cycle.finished', ${at('i')}, 'paper', 'cycle/old/' || i, 'cycle/old/' || i, '{}' FROM n`,
  );
  await run(
    `INSERT INTO requests (request_id, account, kind, at) ${counted(cycles)} SELECT 'old/' || i, 'main', 'transfer', ${at('i')} FROM n`,
  );
}
