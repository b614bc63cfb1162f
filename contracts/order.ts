import type { OrderResult } from './cycle.ts';

/** Where a leg stands after one step. */
export interface LegProgress {
  /** Over all of its submissions. */
  result: OrderResult;
  /** The newest submission may still be filled. */
  working: boolean;
  /** Until when it may rest; then it is cancelled. UTC epoch milliseconds. */
  restUntil: number;
  /** Missing when the leg sends no other. */
  next?: { submission: number; delayMs: number };
}
