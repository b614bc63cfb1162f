import { type Decimal, decimal } from '../../domain/money/money.ts';
import type { MakerResult } from '../../trading/quote/simulate.ts';

/** As JSON: money as decimal text in the quote asset, shares and deviations as numbers. */
export function makerJson({ profit, parts, turnover, markouts, curve, ...rest }: MakerResult) {
  return {
    ...rest,
    profit: money(profit),
    spread: money(parts.spread),
    adverseSelection: money(parts.adverseSelection),
    priceOfInventory: money(parts.inventory),
    fees: money(parts.fees),
    turnover: money(turnover),
    markouts: markouts.map(({ seconds, basisPoints }) => ({ seconds, basisPoints: basisPoints?.toNumber() ?? null })),
    curve: curve.map(money),
  };
}

/** What a reader must know before the table: whether any of it pays at the fee that is paid. */
export function makersVerdict(results: readonly MakerResult[], fee: Decimal, asset: string): string {
  const traded = results.filter(({ fills }) => fills > 0);
  const rate = `the maker fee of ${fee.times(100).toFixed()} %`;
  if (traded.length === 0) return `At ${rate} nobody traded with a quote of ours: nothing was earned.`;
  const [best] = traded.toSorted((one, other) => other.profit.cmp(one.profit));
  if (!best) return '';
  const withoutFees = best.profit.minus(best.parts.fees);
  const words = `${best.model} ${money(best.profit)} ${asset}, of which fees ${money(best.parts.fees)} and the rest ${money(withoutFees)}`;
  return best.profit.gt(0)
    ? `At ${rate} the best gains: ${words}. One market made of a seed; others may differ.`
    : `At ${rate} each of them LOSES money, the best of them: ${words}.`;
}

const BARS = '▁▂▃▄▅▆▇█';

/** A curve as one line of bars, from its lowest to its highest value. */
export function sparkline(values: readonly Decimal[], width: number): string {
  if (values.length === 0) return '';
  const shown = Array.from({ length: Math.min(width, values.length) }, (_, at) => {
    const value = values[Math.floor((at * values.length) / Math.min(width, values.length))];
    return (value ?? decimal(0)).toNumber();
  });
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  const top = BARS.length - 1;
  return shown.map((value) => BARS[high === low ? 0 : Math.round(((value - low) / (high - low)) * top)]).join('');
}

export function money(value: Decimal): string {
  return value.toFixed(2);
}
