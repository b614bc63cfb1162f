import type { OrderPlan } from '../../../domain/portfolio/portfolio.ts';
import type { VenueTrade } from '../../../venues/port.ts';

/** What an account came to. Shares are fractions of the equity that it began with. */
export interface Figures {
  days: number;
  /** Of the equity, and of the market in the same time. */
  result: number;
  market: number;
  fees: number;
  /** Sales and purchases together, per day. */
  turnover: number;
  /** The deepest fall from a peak, and the share of decisions with something held. */
  drawdown: number;
  invested: number;
  sales: number;
  won: number;
  /** Plans whose size a cap decided, of those that wanted to hold something. */
  capped: number;
}

/** In the quote currency: less than one order is worth. */
const DUST = 10;

/** One look at an account, once a decision. */
export interface Look {
  at: number;
  equity: number;
  held: number;
  plan: OrderPlan | undefined;
}

export function figuresOf(
  looks: readonly Look[],
  trades: readonly VenueTrade[],
  prices: { first: number; last: number },
): Figures {
  const first = looks[0];
  const last = looks.at(-1);
  if (!first || !last) throw new Error('nothing was decided');
  const days = (last.at - first.at) / 86_400_000;
  let [peak, drawdown] = [0, 0];
  for (const { equity } of looks) {
    peak = Math.max(peak, equity);
    drawdown = Math.max(drawdown, 1 - equity / peak);
  }
  const value = ({ price, quantity }: VenueTrade): number => Number(price) * Number(quantity);
  const fee = (trade: VenueTrade): number => Number(trade.fee) * (trade.side === 'buy' ? Number(trade.price) : 1);
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
  const claims = looks.flatMap(({ plan }) => (plan?.allocations ?? []).filter(({ wanted }) => wanted > 0));
  return {
    days,
    result: last.equity / first.equity - 1,
    market: prices.last / prices.first - 1,
    fees: sum(trades.map(fee)) / first.equity,
    turnover: sum(trades.map(value)) / first.equity / days,
    drawdown,
    invested: looks.filter(({ held }) => held > DUST).length / looks.length,
    ...salesOf(trades),
    capped: claims.length === 0 ? 0 : claims.filter(({ boundBy }) => boundBy.length > 0).length / claims.length,
  };
}

/** Each sale against the average cost, fees within both. */
function salesOf(trades: readonly VenueTrade[]): Pick<Figures, 'sales' | 'won'> {
  let [held, cost, sales, won] = [0, 0, 0, 0];
  for (const { side, price, quantity, fee } of trades) {
    const [paid, amount, charged] = [Number(price), Number(quantity), Number(fee)];
    if (side === 'buy') {
      held += amount - charged;
      cost += amount * paid;
      continue;
    }
    const share = held > 0 ? Math.min(1, amount / held) : 0;
    sales += 1;
    if (amount * paid - charged > cost * share) won += 1;
    held -= amount;
    cost -= cost * share;
  }
  return { sales, won };
}
