import type { Via } from '../../../contracts/audit.ts';

export type TradingState = 'active' | 'reducing' | 'halted';

export interface ControlState {
  tradingState: TradingState;
  /** Grows with each halt and each resume. An intent passes the fence only under the current one. */
  epoch: number;
  reason: string;
  changedBy: string;
  changedAt: number;
  /** The account may send orders to a venue with real money. Off until a person switches it on. */
  liveEnabled: boolean;
}

/** Texts are cut to what each place takes: a stop never fails on its words. */
export interface HaltRequest {
  requestId: string;
  account: string;
  reason: string;
  by: string;
  via?: Via | undefined;
  /** What is halted already stays the halt that it is. */
  unlessHalted?: boolean;
  /** Everything that is held is to be sold as well: an entry of its own says who ordered it. */
  flatten?: boolean;
}

/** From and until: UTC epoch milliseconds. */
export interface StartsAllowed {
  from: number;
  until: number;
  reason: string;
  by: string;
  via?: Via | undefined;
}

export interface ControlBook {
  read(account: string): Promise<ControlState>;
  /** Idempotent by request id: the second call returns the state as it is by then. */
  raiseHalt(request: HaltRequest): Promise<ControlState>;
  /**
   * Stops that were sent, one after the other in one transaction, each under an epoch of its own. A request id that is known is no new stop while
   * trading is halted, and one while it is active: whoever used it first, nothing that was sent is without effect.
   */
  raiseHalts(account: string, stops: readonly Omit<HaltRequest, 'account'>[]): Promise<ControlState>;
  /**
   * Halts books that were just restored, under an epoch that nothing of the lost time can have been planned under: what Temporal still has in
   * flight from then passes no fence.
   *
   * @param request its `beyond` is the epoch of the books that were replaced, 0 where it is not known
   */
  raiseRestored(request: HaltRequest & { beyond: number }): Promise<ControlState>;
  /**
   * Compares and sets: refused (undefined) where the halt is not the one of the expected epoch, or not one that `onlyOver` raised. Where a person
   * ends a halt by a risk limit the day's and the peak's equity start anew from the last mark, and the event says so.
   */
  resume(request: {
    account: string;
    expectedEpoch: number;
    reason: string;
    by: string;
    via?: Via | undefined;
    onlyOver?: string;
  }): Promise<ControlState | undefined>;
  /**
   * Compares and sets: refused (undefined) unless trading only reduces, at the expected epoch, which stays. The first step of the drawdown guard counts
   * from the last mark then.
   */
  endReducing(request: {
    account: string;
    expectedEpoch: number;
    reason: string;
    by: string;
    via: Via;
  }): Promise<ControlState | undefined>;
  /** Everything that is held is sold now. Where no stop has ordered it since trading was last active, an entry says who started it. */
  noteSelling(selling: { account: string; epoch: number; via: Via }): Promise<void>;
  /** Cycles may be started by hand within this time, where foreign starts are refused. */
  allowStarts(request: StartsAllowed & { requestId: string; account: string }): Promise<void>;
  startsAllowedAt(account: string, at: number): Promise<boolean>;
  setLive(request: {
    requestId: string;
    account: string;
    enabled: boolean;
    reason: string;
    by: string;
    via?: Via | undefined;
  }): Promise<void>;
}
