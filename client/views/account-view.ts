import type { Configuration } from '../../contracts/config/schema.ts';
import type { ProtectionState } from '../../contracts/protection.ts';
import { decimal, type Money, text } from '../../domain/money/money.ts';
import type { Barriers } from '../../domain/protection/protection.ts';
import type { EquityMarks } from '../../stores/journal/books/ledger.ts';
import type { ScheduleView } from '../controls/schedule.ts';
import { clock, percent } from './cycle-view.ts';

/** Two decimals, as people read money; what is smaller than that keeps its first digits. */
export function moneyText(amount: string): string {
  const value = decimal(amount);
  return text(value.abs().lessThan(1) ? value.toSignificantDigits(4) : value.toDecimalPlaces(2));
}

/** Eight significant digits: more of a price is arithmetic. */
export function priceText(price: string): string {
  return text(decimal(price).toSignificantDigits(8));
}

/** As many decimals as exchanges have. */
export function quantityText(quantity: string): string {
  return text(decimal(quantity).toDecimalPlaces(8));
}

export function signed(amount: string): string {
  return amount.startsWith('-') ? moneyText(amount) : `+${moneyText(amount)}`;
}

/** What equity gained since the day began, in the account's currency and as a fraction; missing before the first mark. */
export function profitOfDay(
  marks: EquityMarks | undefined,
): { amount: Money; fraction: number | undefined } | undefined {
  if (!marks) return undefined;
  const amount = decimal(marks.equity).minus(marks.dayOpen);
  const opening = decimal(marks.dayOpen);
  return { amount: text(amount), fraction: opening.isZero() ? undefined : amount.div(opening).toNumber() };
}

export function equityLine(marks: EquityMarks | undefined, currency: string): string {
  const today = profitOfDay(marks);
  if (!marks || !today) return 'equity: not marked yet';
  const share = today.fraction === undefined ? '' : ` (${percent(today.fraction)})`;
  return `equity ${moneyText(marks.equity)} ${currency}, today ${signed(today.amount)}${share}, marked ${clock(marks.at)}`;
}

/** @param schedule undefined where Temporal does not say, `none` where nobody has made it */
export function scheduleLine(schedule: ScheduleView | 'none' | undefined): string {
  if (schedule === undefined) return 'schedule: not known while Temporal does not answer';
  if (schedule === 'none') return 'schedule: none yet; npm start makes it';
  const { intervalSeconds, paused, note, nextAt } = schedule;
  const every = `a cycle every ${intervalSeconds} s`;
  if (paused) return `PAUSED${note === '' ? '' : ` (${note})`}: ${every} again after ./sapphire schedule resume`;
  const [next] = nextAt;
  return `${every}${next === undefined ? '' : `, the next at ${clock(next)}`}`;
}

/** Whose prices those are that a paper account trades on. */
export function pricesLine({ market }: Configuration['paperExchange']): string {
  if (market.kind === 'synthetic')
    return `prices are made up, of seed ${market.seed}: no market of this world has them`;
  if (market.kind === 'replay')
    return `prices are recorded ones${market.speed === 1 ? '' : `, ${market.speed} times as fast as they were`}`;
  return `prices are those of ${market.restUrl ?? market.venue}, mirrored: only the money is made up`;
}

/** What ends a holding, as its exits have it; a line each. */
export function exitsLine({ symbol, holding, barriers, closing }: ProtectionState): string {
  if (!holding) return `${symbol}: its exits wait for a holding`;
  const held = `${symbol}: ${holding.quantity} at ${priceText(holding.averageCost)} since ${clock(holding.openedAt)}`;
  return `${held}, ${closing === undefined ? barriersLine(barriers) || 'NO EXIT is configured' : `being sold by its ${barrierWords[closing]}`}`;
}

export function barriersLine({ stopLoss, trailingStop, takeProfit, closesAt }: Barriers): string {
  return [
    ...(stopLoss === undefined ? [] : [`stop ${priceText(stopLoss)}`]),
    ...(trailingStop === undefined ? [] : [`trailing stop ${priceText(trailingStop)}`]),
    ...(takeProfit === undefined ? [] : [`target ${priceText(takeProfit)}`]),
    ...(closesAt === undefined ? [] : [`time limit ${clock(closesAt)}`]),
  ].join(', ');
}

export const barrierWords = {
  by_hand: 'close by hand',
  stop_loss: 'stop',
  trailing_stop: 'trailing stop',
  take_profit: 'target',
  time_limit: 'time limit',
} as const;
