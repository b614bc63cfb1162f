import type { LeftOut } from '../../stores/journal/books/by-hand.ts';
import { clock } from './cycle-view.ts';

export function leftOutLine({ symbol, until, by, reason }: LeftOut): string {
  return `${symbol} is left out until ${clock(until)}, by ${by}: ${reason}`;
}
