import type { Consensus } from '../../../contracts/consensus.ts';
import type { CycleRecord, PlanResult } from '../../../contracts/cycle.ts';
import { riskHaltId } from '../../../contracts/workflow-ids.ts';
import { decimal, type Quantity, sum, text } from '../../../domain/money/money.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { OrderPlan } from '../../../domain/portfolio/portfolio.ts';
import { isWithin } from '../../../domain/statistics/periods.ts';
import type { ClosedTrade, CycleBook, MarkBasis, PlanningView } from '../books/cycles.ts';
import type { EquityMarked } from '../books/ledger.ts';
import type { NewEvent } from '../books/outbox.ts';
import { refuseMoved } from './archive.ts';
import { readLeftOut } from './by-hand.ts';
import { readControl, restrict } from './control.ts';
import type { Database, Sql, Transaction } from './database.ts';
import { readOpenIntents } from './intent-rows.ts';
import { releaseIfIdle, voidIfMissing } from './intents.ts';
import { readBalances } from './ledger.ts';
import { markEquity, readMarks } from './marks.ts';
import { readPositions } from './positions.ts';
import { readWaitingLegs, reserve } from './postings.ts';
import { recordSignals } from './scores.ts';
import { readLimits } from './settings-kinds.ts';
import { readLastSales, readSentOfMinute, readTradingDay } from './trading-day.ts';
import { readUpheld, uphold } from './upheld-views.ts';

/** A leg whose first submission, or next one, should have been sent this long ago has nobody who sends it, and its decision is not one of today. */
const ABANDONED_MS = 5 * 60_000;
const CLOSED_TRADES = 20;

/**
 * What may become an exposure: submissions that may be open, and legs that wait for their first or their next one. A leg of linked ones waits for
 * those before it, however long they take: until the plan's end is written it is in its saga's hands.
 */
async function readOpenOrders(transaction: Transaction, account: string): Promise<PlanningView['openOrders']> {
  const orders: PlanningView['openOrders'] = await readOpenIntents(transaction, account);
  const underWay = new Set((await readUnsettledPlans(transaction, account)).map(({ cycleId }) => cycleId));
  for (const { leg, waitsSince, filled } of await readWaitingLegs(transaction, account)) {
    const pauseMs = filled.length > 0 && leg.working.style === 'twap' ? leg.working.intervalMs : 0;
    const isOld = !isWithin(pauseMs + ABANDONED_MS, waitsSince, transaction.now());
    const isAbandoned = isOld && !underWay.has(leg.cycleId);
    if (isAbandoned) await voidIfMissing(transaction, leg, filled.length + 1);
    else {
      const filledQuantity: Quantity = text(sum(filled.map((part) => decimal(part))));
      orders.push({ ...leg, filledQuantity, state: 'initialized' });
    }
  }
  return orders;
}

/** Plans of linked legs whose end was not written. */
async function readUnsettledPlans(sql: Sql, account: string, before = Number.MAX_SAFE_INTEGER): Promise<OrderPlan[]> {
  const rows = await sql.rows(
    'SELECT plan FROM plans WHERE account = ? AND result IS NULL AND planned_at < ? ORDER BY planned_at',
    account,
    before,
  );
  return rows.map((row) => JSON.parse(String(row['plan'])) as OrderPlan);
}

async function readClosedTrades(sql: Sql, account: string): Promise<ClosedTrade[]> {
  const rows = await sql.rows(
    'SELECT * FROM closed_trades WHERE account = ? ORDER BY closed_at DESC, leg_id LIMIT ?',
    account,
    CLOSED_TRADES,
  );
  return rows.map((row) => ({
    symbol: String(row['symbol']),
    realizedPnl: tagged(String(row['realized_pnl'])),
    closedAt: Number(row['closed_at']),
  }));
}

/** Each limit that bit and each share of capital is a fact of its own. */
function planEvents(plan: OrderPlan): NewEvent[] {
  const { cycleId, verdicts, allocations } = plan;
  const of = { cycleId, correlationId: cycleId };
  return [
    { eventId: `plan/${cycleId}`, kind: 'plan.made', ...of, payload: plan },
    ...verdicts.map((payload, index) => ({
      eventId: `verdict/${cycleId}/${index}`,
      kind: 'risk.limit_bit',
      ...of,
      payload,
    })),
    ...allocations.map((payload, index) => ({
      eventId: `allocation/${cycleId}/${index}`,
      kind: 'capital.allocated',
      ...of,
      payload,
    })),
  ];
}

async function settle(transaction: Transaction, result: PlanResult): Promise<void> {
  const settled = await transaction.run(
    'UPDATE plans SET result = ? WHERE cycle_id = ? AND result IS NULL',
    JSON.stringify(result),
    result.cycleId,
  );
  if (settled === 0) return;
  await transaction.emit({
    eventId: `plan-end/${result.cycleId}`,
    kind: `plan.${result.end}`,
    cycleId: result.cycleId,
    correlationId: result.cycleId,
    payload: result,
  });
}

async function readHoldings(
  transaction: Transaction,
  account: string,
): Promise<Pick<PlanningView, 'balances' | 'positions'>> {
  return {
    balances: await readBalances(transaction, account),
    positions: await readPositions(transaction, account),
  };
}

/** The account as it stands with this mark. */
async function tellEquity(
  transaction: Transaction,
  { account, currency, mids }: Pick<MarkBasis, 'account' | 'currency' | 'mids'>,
  of: Pick<NewEvent, 'eventId' | 'cycleId' | 'correlationId'>,
): Promise<void> {
  const marks = await readMarks(transaction, account);
  if (!marks) return;
  const payload: EquityMarked = {
    ...marks,
    account,
    currency,
    ...(await readHoldings(transaction, account)),
    prices: mids,
  };
  await transaction.emit({ ...of, kind: 'equity.marked', payload });
}

export function createCycleBook(database: Database): CycleBook {
  return {
    plan: (cycleId, account, now, decide) =>
      database.transaction(account, { control: 'write', ledger: true }, async (transaction) => {
        const existing = await transaction.row('SELECT plan FROM plans WHERE cycle_id = ?', cycleId);
        if (existing) return JSON.parse(String(existing['plan'])) as OrderPlan;
        await refuseMoved(transaction, cycleId);

        const openOrders = await readOpenOrders(transaction, account);
        const limits = await readLimits(transaction, account);
        const plan = decide({
          control: await readControl(transaction, account),
          limits,
          balances: await readBalances(transaction, account),
          positions: await readPositions(transaction, account),
          openOrders,
          marks: await readMarks(transaction, account),
          closedTrades: await readClosedTrades(transaction, account),
          lastSales: await readLastSales(transaction, account, limits.reentryPauseSeconds * 1_000, now),
          sentOfMinute: await readSentOfMinute(transaction, account, now),
          day: await readTradingDay(transaction, account, limits.dayResetHour, now),
          leftOut: await readLeftOut(transaction, account, now),
          upheld: await readUpheld(transaction, account),
        });
        const { legs, restriction, upheld = [] } = plan;
        if (restriction?.to === 'halted' && legs.length > 0) {
          throw new Error(`the plan of ${cycleId} halts trading and has ${legs.length} legs`);
        }
        for (const leg of legs) await reserve(transaction, leg);
        await uphold(transaction, account, upheld, now);
        await transaction.run(
          'INSERT INTO plans (cycle_id, account, plan, planned_at, result) VALUES (?, ?, ?, ?, ?)',
          cycleId,
          account,
          JSON.stringify(plan),
          transaction.now(),
          // Of legs that are not linked nothing can be left over: each has its own end.
          plan.kind !== 'independent' && legs.length > 1 ? null : '{}',
        );
        await transaction.emit(...planEvents(plan));
        if (restriction) await restrict(transaction, account, riskHaltId(cycleId), restriction);
        return plan;
      }),

    async releaseLeg(legId) {
      const row = await database.row('SELECT account FROM reservations WHERE leg_id = ?', legId);
      if (!row) return;
      const account = String(row['account']);
      await database.transaction(account, { ledger: true }, (transaction) =>
        releaseIfIdle(transaction, account, legId),
      );
    },

    settlePlan: (result) => database.transaction('', {}, (transaction) => settle(transaction, result)),

    unsettledPlans: (account, before) => readUnsettledPlans(database, account, before),

    record: (given, equityOf) =>
      database.transaction(given.account, { ledger: true }, async (transaction) => {
        const { cycleId, correlationId, account, outcome, finishedAt, snapshot, prices, planEnd, orders } = given;
        const equity = equityOf ? equityOf(await readHoldings(transaction, account)) : given.equity;
        const record = { ...given, equity };
        const inserted = await transaction.run(
          'INSERT INTO decisions (cycle_id, account, outcome, finished_at, record) VALUES (?, ?, ?, ?, ?) ON CONFLICT (cycle_id) DO NOTHING',
          cycleId,
          account,
          outcome,
          finishedAt,
          JSON.stringify(record),
        );
        if (inserted === 0) return;
        if (planEnd) await settle(transaction, { cycleId, ...planEnd, orders });
        if (equity !== undefined) {
          const limits = await readLimits(transaction, account);
          // By the exchange's clock, as the day's trades are; a record without it is believed no date that is still to come.
          const at = prices?.takenAt ?? Math.min(finishedAt, transaction.now());
          const mids = prices?.mids ?? snapshot?.mids;
          const resetHour = limits.dayResetHour;
          const marked = await markEquity(transaction, { account, equity, at, prices: mids, resetHour });
          const { currency } = given;
          const of = { eventId: `equity/${cycleId}`, cycleId, correlationId };
          if (marked && mids && currency !== undefined) await tellEquity(transaction, { account, currency, mids }, of);
        }
        await recordSignals(transaction, record);
        await transaction.emit({
          eventId: `cycle/${cycleId}`,
          kind: 'cycle.finished',
          cycleId,
          correlationId,
          payload: record,
        });
      }),

    mark: (basis, equityOf) =>
      database.transaction(basis.account, { ledger: true }, async (transaction) => {
        const { account, takenAt: at } = basis;
        const equity = equityOf(await readHoldings(transaction, account));
        if (equity === undefined) return false;
        const resetHour = (await readLimits(transaction, account)).dayResetHour;
        if (!(await markEquity(transaction, { account, equity, at, prices: basis.mids, resetHour }))) return false;
        await tellEquity(transaction, basis, { eventId: `equity/${account}/${at}` });
        return true;
      }),

    async find(cycleId) {
      const row = await database.row('SELECT record FROM decisions WHERE cycle_id = ? AND moved_at IS NULL', cycleId);
      return row && (JSON.parse(String(row['record'])) as CycleRecord);
    },

    async list(account, limit, { since = 0, until = Number.MAX_SAFE_INTEGER } = {}) {
      const rows = await database.rows(
        `SELECT record FROM decisions WHERE account = ? AND moved_at IS NULL AND finished_at >= ? AND finished_at < ?
         ORDER BY finished_at DESC, cycle_id DESC LIMIT ?`,
        account,
        since,
        until,
        limit,
      );
      return rows.map((row) => JSON.parse(String(row['record'])) as CycleRecord);
    },

    saveConsensus: (consensus) =>
      database.transaction('', {}, async (transaction) => {
        const { cycleId, formedAt } = consensus;
        await refuseMoved(transaction, cycleId);
        const inserted = await transaction.run(
          'INSERT INTO consensus (cycle_id, consensus, formed_at) VALUES (?, ?, ?) ON CONFLICT (cycle_id) DO NOTHING',
          cycleId,
          JSON.stringify(consensus),
          formedAt,
        );
        if (inserted === 0) {
          const row = await transaction.row('SELECT consensus FROM consensus WHERE cycle_id = ?', cycleId);
          return JSON.parse(String(row?.['consensus'])) as Consensus;
        }
        await transaction.emit({
          eventId: `consensus/${cycleId}`,
          kind: 'consensus.formed',
          cycleId,
          correlationId: cycleId,
          payload: consensus,
        });
        return consensus;
      }),

    async findConsensus(cycleId) {
      const row = await database.row('SELECT consensus FROM consensus WHERE cycle_id = ?', cycleId);
      return row && (JSON.parse(String(row['consensus'])) as Consensus);
    },
  };
}
