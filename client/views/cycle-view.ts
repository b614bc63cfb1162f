import type { CycleRecord } from '../../contracts/cycle.ts';
import { type AbstentionReason, isUnwell, type Opinion } from '../../domain/signals/signals.ts';

export interface CycleView {
  id: string;
  outcome: CycleRecord['outcome'];
  summary: string;
  mode: CycleRecord['mode'];
  startedAt: number;
  durationMs: number;
  signals: { agent: string; symbol: string; expectedReturn: number; conviction: number }[];
  abstentions: { agent: string; symbol: string; reason: AbstentionReason; detail: string }[];
  consensus: { symbol: string; direction: string; conviction: number; expectedReturn: number }[];
  orders: {
    id: string;
    symbol: string;
    side: string;
    quantity: string;
    limitPrice: string;
    state: string;
    filledQuantity: string;
    detail: string;
  }[];
  fills: {
    symbol: string;
    side: string;
    price: string;
    quantity: string;
    fee: string;
    feeAsset: string;
    tradeId: string;
  }[];
  equity: string | undefined;
}

const opinionsOf = (record: CycleRecord): Opinion[] => record.answers.flatMap(({ opinions }) => opinions);

/** A decision record in the form that `--json` prints. */
export function viewCycle(record: CycleRecord): CycleView {
  return {
    id: record.cycleId,
    outcome: record.outcome,
    summary: record.summary,
    mode: record.mode,
    startedAt: record.startedAt,
    durationMs: record.finishedAt - record.startedAt,
    signals: opinionsOf(record).flatMap((opinion) =>
      opinion.kind === 'signal'
        ? [
            {
              agent: opinion.agentId,
              symbol: opinion.symbol,
              expectedReturn: opinion.expectedReturn,
              conviction: opinion.conviction,
            },
          ]
        : [],
    ),
    abstentions: opinionsOf(record).flatMap((opinion) =>
      opinion.kind === 'abstention'
        ? [{ agent: opinion.agentId, symbol: opinion.symbol, reason: opinion.reason, detail: opinion.detail }]
        : [],
    ),
    consensus: (record.consensus?.symbols ?? []).map(({ symbol, direction, conviction, expectedReturn }) => ({
      symbol,
      direction,
      conviction,
      expectedReturn,
    })),
    orders: record.orders.map(({ intentId, symbol, side, quantity, limitPrice, state, filledQuantity, detail }) => ({
      id: intentId,
      symbol,
      side,
      quantity,
      limitPrice,
      state,
      filledQuantity,
      detail,
    })),
    fills: record.fills.map(({ symbol, side, price, quantity, fee, feeAsset, tradeId }) => ({
      symbol,
      side,
      price,
      quantity,
      fee,
      feeAsset,
      tradeId,
    })),
    equity: record.equity,
  };
}

export function clock(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

export function percent(fraction: number): string {
  return `${fraction >= 0 ? '+' : ''}${(fraction * 100).toFixed(2)} %`;
}

/** One line for the screen of `npm start`. */
export function cycleLine(record: CycleRecord, currency: string): string {
  const view = viewCycle(record);
  const agents = new Set(view.signals.map(({ agent }) => agent));
  const consensus = view.consensus.map(({ symbol, direction, expectedReturn }) => {
    const base = symbol.split('/')[0];
    return direction === 'none' ? `${base} none` : `${base} ${direction} ${percent(expectedReturn)}`;
  });
  const orders = view.orders.map(
    ({ side, quantity, symbol, state }) => `${side} ${quantity} ${symbol.split('/')[0]} ${state}`,
  );
  return [
    ...(record.mode === 'live' ? ['LIVE'] : []),
    clock(record.finishedAt).slice(11, 19),
    record.outcome.padEnd(9),
    `${agents.size} of ${record.answers.length} agents signal`,
    consensus.join(', ') || 'no consensus',
    orders.join(', ') || 'no orders',
    `${view.fills.length} fills`,
    record.equity === undefined ? 'equity unknown' : `equity ${Number(record.equity).toFixed(2)} ${currency}`,
    `${record.finishedAt - record.startedAt} ms`,
  ].join(' │ ');
}

/** Which agents that are set up were not heard in the cycle, and why; one line each. */
export function unwellLines({ answers }: Pick<CycleRecord, 'answers'>): string[] {
  return answers.flatMap(({ agentId, opinions }) => {
    const fault = opinions.find((opinion) => opinion.kind === 'abstention' && isUnwell(opinion.reason));
    return fault?.kind === 'abstention' ? [`  without ${agentId}: ${fault.reason}: ${fault.detail}`] : [];
  });
}
