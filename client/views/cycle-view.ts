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

/** One line for the screen of `npm start`, and the same in fewer words, each for a narrower terminal: the last fits 80 columns. */
export function cycleLine(record: CycleRecord, currency: string): { text: string; shorter: string[] } {
  const view = viewCycle(record);
  const agents = new Set(view.signals.map(({ agent }) => agent));
  const consensus = view.consensus.map(({ symbol, direction, expectedReturn }) => {
    const base = symbol.split('/')[0];
    return direction === 'none' ? `${base} none` : `${base} ${direction} ${percent(expectedReturn)}`;
  });
  const orders = view.orders.map(
    ({ side, quantity, symbol, state }) => `${side} ${quantity} ${symbol.split('/')[0]} ${state}`,
  );
  const live = record.mode === 'live' ? ['LIVE'] : [];
  const time = clock(record.finishedAt).slice(11, 19);
  const equity = record.equity === undefined ? undefined : `${Number(record.equity).toFixed(2)} ${currency}`;
  const line = (views: string, did: string): string =>
    [...live, `${time} ${record.outcome}`, views, did, equity ?? 'equity unknown'].join(' │ ');
  return {
    text: [
      ...live,
      time,
      record.outcome.padEnd(9),
      `${agents.size} of ${record.answers.length} agents signal`,
      consensus.join(', ') || 'no consensus',
      orders.join(', ') || 'no orders',
      `${view.fills.length} fills`,
      equity === undefined ? 'equity unknown' : `equity ${equity}`,
      `${record.finishedAt - record.startedAt} ms`,
    ].join(' │ '),
    shorter: [
      line(
        view.consensus.map(viewWords).join(', ') || 'no consensus',
        view.orders.map(orderWords).join(', ') || 'no orders',
      ),
      line(viewsInAll(view.consensus) || 'no consensus', ordersInAll(view.orders)),
    ],
  };
}

function viewWords({ symbol, direction, expectedReturn }: CycleView['consensus'][number]): string {
  return `${symbol.split('/')[0]} ${direction === 'none' ? 'none' : percent(expectedReturn)}`;
}

function orderWords({ side, symbol, state }: CycleView['orders'][number]): string {
  return `${side} ${symbol.split('/')[0]}${state === 'filled' ? '' : ` ${state}`}`;
}

function viewsInAll(views: CycleView['consensus']): string {
  return ['up', 'flat', 'down', 'none']
    .map((wanted) => ({ wanted, count: views.filter(({ direction }) => direction === wanted).length }))
    .flatMap(({ wanted, count }) => (count > 0 ? [`${count} ${wanted}`] : []))
    .join(', ');
}

function ordersInAll(orders: CycleView['orders']): string {
  const open = orders.filter(({ state }) => state !== 'filled').length;
  return `${orders.length} ${orders.length === 1 ? 'order' : 'orders'}${open > 0 ? `, ${open} not filled` : ''}`;
}

/** Which agents that are set up were not heard in the cycle, and why; one line each. */
export function unwellLines({ answers }: Pick<CycleRecord, 'answers'>): string[] {
  return answers.flatMap(({ agentId, opinions }) => {
    const fault = opinions.find((opinion) => opinion.kind === 'abstention' && isUnwell(opinion.reason));
    return fault?.kind === 'abstention' ? [`  without ${agentId}: ${fault.reason}: ${fault.detail}`] : [];
  });
}
