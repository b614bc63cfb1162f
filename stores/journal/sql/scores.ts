import type { CycleRecord } from '../../../contracts/cycle.ts';
import { agentScoreSchema } from '../../../contracts/scores.ts';
import { decimal } from '../../../domain/money/money.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { CycleId } from '../../../domain/orders/ids.ts';
import {
  type PeriodSums,
  periodOf,
  type ScoredSignal,
  type ScorePeriod,
  sumsWith,
} from '../../../domain/scoring/periods.ts';
import { DEVIATION_PERIODS, deviationOf } from '../../../domain/scoring/returns.ts';
import { SCORE_MEMORY_MS } from '../../../domain/scoring/scoring.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import { horizonLeft, viewOver } from '../../../domain/signals/horizon.ts';
import type { AbstentionReason, Signal } from '../../../domain/signals/signals.ts';
import type { NewEvent } from '../books/outbox.ts';
import type { DueSignal, KeptForecast, ScoreBook, SettledSignal } from '../books/scores.ts';
import { countFailure } from './agent-health.ts';
import type { Database, Row, Transaction } from './database.ts';

/** Says nothing of the agent's health. */
const notAsked: readonly AbstentionReason[] = ['disabled', 'cooling_down'];

/** Keeps each signal of a cycle until its horizon ends, and counts which agents failed. */
export async function recordSignals(transaction: Transaction, record: CycleRecord): Promise<void> {
  const { cycleId, account, answers, snapshot, prices, consensus } = record;
  if (!snapshot) return;
  const shareOf = (agentId: AgentId, symbol: string): number =>
    consensus?.symbols.find((view) => view.symbol === symbol)?.votes.find((vote) => vote.agentId === agentId)?.weight ??
    0;
  for (const { agentId, opinions, model } of answers) {
    for (const opinion of opinions) {
      if (opinion.kind !== 'signal') continue;
      const { symbol, formedAt = snapshot.takenAt } = opinion;
      const seen = [snapshot, prices].find((each) => each !== undefined && each.takenAt >= formedAt);
      const price = seen?.mids[symbol];
      if (!seen || price === undefined || !decimal(price).gt(0)) continue;
      const heard = { account, cycleId, model, price, takenAt: seen.takenAt };
      await keepSignal(transaction, heard, { ...opinion, formedAt }, shareOf(agentId, symbol));
    }
    if (opinions.every((opinion) => opinion.kind === 'abstention' && notAsked.includes(opinion.reason))) continue;
    await countFailure(transaction, agentId, opinions);
  }
}

/**
 * What is left of a view at a price, over what is left of its horizon. One that stands for many cycles is one submission, whichever of them saw it first: a
 * view is no better for being shown again. The price is the first that is not older than the view: that of the snapshot, or where it came after that, the one
 * at the decision that heard it. Who speaks later knows a part of what came of an earlier price.
 */
async function keepSignal(
  transaction: Transaction,
  of: { account: string; cycleId: CycleId; model: string; price: string; takenAt: number },
  signal: Signal & { formedAt: number },
  share: number,
): Promise<void> {
  const { agentId, symbol, horizonMs, conviction, formedAt } = signal;
  const left = horizonLeft(signal, of.takenAt);
  const view = viewOver(signal, { takenAt: of.takenAt, horizonMs: left });
  if (!view) return;
  const { expectedReturn, uncertainty, probabilities } = view;
  await transaction.run(
    `INSERT INTO signals
       (account, cycle_id, agent_id, symbol, model, price, due_at, horizon_ms, formed_at, probabilities, forecast, share)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    of.account,
    of.cycleId,
    agentId,
    symbol,
    of.model,
    of.price,
    of.takenAt + left,
    horizonMs,
    formedAt,
    JSON.stringify(probabilities),
    JSON.stringify({ expectedReturn, uncertainty, conviction } satisfies KeptForecast),
    String(share),
  );
}

function toDue(row: Row): DueSignal {
  return {
    cycleId: tagged(String(row['cycle_id'])),
    agentId: String(row['agent_id']),
    symbol: String(row['symbol']),
    price: String(row['price']),
    dueAt: Number(row['due_at']),
  };
}

/** A signal from before migration `forecasts` has none. */
function forecastOf(row: Row): KeptForecast | undefined {
  const { forecast } = row;
  return typeof forecast === 'string' ? (JSON.parse(forecast) as KeptForecast) : undefined;
}

function toScored(row: Row, shareOfPeriod: number): ScoredSignal {
  const forecast = forecastOf(row);
  return {
    probabilities: JSON.parse(String(row['probabilities'])) as Signal['probabilities'],
    realisedReturn: decimal(String(row['final_price'])).div(String(row['price'])).minus(1).toNumber(),
    share: Number(row['share']),
    forecast: forecast && { ...forecast, shareOfPeriod },
  };
}

function settledEvent(row: Row): NewEvent {
  const { cycleId, agentId, symbol, price, dueAt } = toDue(row);
  const payload: SettledSignal = {
    account: String(row['account']),
    cycleId,
    agentId,
    symbol,
    model: String(row['model']),
    price,
    dueAt,
    probabilities: JSON.parse(String(row['probabilities'])) as Signal['probabilities'],
    ...forecastOf(row),
    ...(row['horizon_ms'] === null ? {} : { horizonMs: Number(row['horizon_ms']) }),
    ...(row['formed_at'] === null ? {} : { formedAt: Number(row['formed_at']) }),
    share: Number(row['share']),
    ...(row['final_price'] === null ? {} : { finalPrice: String(row['final_price']) }),
  };
  const eventId = `outcome/${cycleId}/${agentId}/${symbol}`;
  return { eventId, kind: 'signal.settled', cycleId, correlationId: cycleId, payload };
}

/** Signals of one agent that belong to one period. */
interface Group {
  agentId: AgentId;
  symbol: string;
  horizonMs: number;
  endsAt: number;
  signals: ScoredSignal[];
}

/** Of the market over a whole period, from the periods that had ended when the first horizon of a period began. */
async function deviationKnown(
  transaction: Transaction,
  account: string,
  { agentId, symbol, horizonMs, endsAt }: Omit<Group, 'signals'>,
): Promise<number | undefined> {
  const until = endsAt - 2 * horizonMs;
  const rows = await transaction.rows(
    `SELECT sums FROM score_periods
     WHERE account = ? AND agent_id = ? AND ends_at <= ? AND ends_at > ? AND symbol = ? AND horizon_ms = ?`,
    account,
    agentId,
    until,
    until - DEVIATION_PERIODS.most * horizonMs,
    symbol,
    horizonMs,
  );
  return deviationOf(rows.flatMap((row) => (JSON.parse(String(row['sums'])) as PeriodSums).returns ?? []));
}

async function addToPeriod(
  transaction: Transaction,
  account: string,
  { agentId, endsAt, symbol, horizonMs, signals }: Group,
): Promise<void> {
  const key = [account, agentId, endsAt, symbol, horizonMs];
  const row = await transaction.row(
    'SELECT sums FROM score_periods WHERE account = ? AND agent_id = ? AND ends_at = ? AND symbol = ? AND horizon_ms = ?',
    ...key,
  );
  const before = row && (JSON.parse(String(row['sums'])) as PeriodSums);
  const deviation = await deviationKnown(transaction, account, { agentId, symbol, horizonMs, endsAt });
  const known = signals.map(({ forecast, ...signal }) => ({
    ...signal,
    forecast: forecast && {
      ...forecast,
      deviation: deviation && deviation * Math.sqrt(forecast.shareOfPeriod ?? 1),
    },
  }));
  await transaction.run(
    `INSERT INTO score_periods (account, agent_id, ends_at, symbol, horizon_ms, sums) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (account, agent_id, ends_at, symbol, horizon_ms) DO UPDATE SET sums = excluded.sums`,
    ...key,
    JSON.stringify(sumsWith(known, before)),
  );
}

export function createScoreBook(database: Database): ScoreBook {
  return {
    async due(account, now, limit) {
      const rows = await database.rows(
        `SELECT * FROM signals WHERE account = ? AND settled_at IS NULL AND due_at <= ?
         ORDER BY due_at, cycle_id, agent_id, symbol LIMIT ?`,
        account,
        now,
        limit,
      );
      return rows.map(toDue);
    },

    settle: (account, outcomes) =>
      database.transaction(account, { ledger: true }, async (transaction) => {
        const groups = new Map<string, Group>();
        const told: NewEvent[] = [];
        for (const { cycleId, agentId, symbol, finalPrice } of outcomes) {
          const settled = await transaction.run(
            `UPDATE signals SET final_price = ?, settled_at = ?
             WHERE cycle_id = ? AND agent_id = ? AND symbol = ? AND settled_at IS NULL`,
            finalPrice ?? null,
            transaction.now(),
            cycleId,
            agentId,
            symbol,
          );
          if (settled === 0) continue;
          const row = await transaction.row(
            'SELECT * FROM signals WHERE cycle_id = ? AND agent_id = ? AND symbol = ?',
            cycleId,
            agentId,
            symbol,
          );
          if (!row) continue;
          told.push(settledEvent(row));
          // One from an earlier release, which did not keep the horizon, belongs to no period.
          if (finalPrice === undefined || row['horizon_ms'] === null) continue;
          const horizonMs = Number(row['horizon_ms']);
          const period = periodOf(Number(row['due_at']), horizonMs);
          const key = JSON.stringify([agentId, symbol, period]);
          const group = groups.get(key) ?? { agentId, symbol, ...period, signals: [] };
          group.signals.push(toScored(row, horizonMs / period.horizonMs));
          groups.set(key, group);
        }
        await transaction.emit(...told);
        for (const group of groups.values()) await addToPeriod(transaction, account, group);
        return [...new Set([...groups.values()].map(({ agentId }) => agentId))].sort();
      }),

    async periods(account, agentId, after) {
      const rows = await database.rows(
        `SELECT ends_at, symbol, horizon_ms, sums FROM score_periods
         WHERE account = ? AND agent_id = ? AND ends_at > ? ORDER BY ends_at, symbol, horizon_ms`,
        account,
        agentId,
        after,
      );
      return rows.map(
        (row): ScorePeriod => ({
          symbol: String(row['symbol']),
          horizonMs: Number(row['horizon_ms']),
          endsAt: Number(row['ends_at']),
          sums: JSON.parse(String(row['sums'])) as PeriodSums,
        }),
      );
    },

    write: (account, records) =>
      database.transaction(account, { ledger: true }, async (transaction) => {
        for (const record of records) {
          const { agentId, scoredAt, count } = record;
          await transaction.run(
            `INSERT INTO agent_scores (account, agent_id, score) VALUES (?, ?, ?)
             ON CONFLICT (account, agent_id) DO UPDATE SET score = excluded.score`,
            account,
            agentId,
            JSON.stringify(record),
          );
          await transaction.run(
            'DELETE FROM score_periods WHERE account = ? AND agent_id = ? AND ends_at <= ?',
            account,
            agentId,
            scoredAt - SCORE_MEMORY_MS,
          );
          await transaction.emit({
            eventId: `score/${account}/${agentId}/${count}/${transaction.now()}`,
            kind: 'agent.scored',
            payload: { account, ...record },
          });
        }
      }),

    async read(account) {
      const rows = await database.rows('SELECT * FROM agent_scores WHERE account = ? ORDER BY agent_id', account);
      return rows.map((row) => agentScoreSchema.parse(JSON.parse(String(row['score']))));
    },
  };
}
