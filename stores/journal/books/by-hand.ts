import type { Via } from '../../../contracts/audit.ts';
import type { OwnExits } from '../../../domain/protection/own-exits.ts';

/** Who did it, why, and by which door. */
export interface Signed {
  reason: string;
  by: string;
  via: Via;
}

/** What a person asked for of one holding; the next one of the symbol has nothing of it. */
export interface ExitsByHand {
  symbol: string;
  /** Names the holding. */
  openedAt: number;
  own: OwnExits;
  /** Who asked that it is sold; missing where nobody did. */
  closing?: { reason: string; by: string; at: number };
}

/** Nothing is opened in it before then. Times are UTC epoch milliseconds. */
export interface LeftOut {
  symbol: string;
  until: number;
  since: number;
  reason: string;
  by: string;
}

/** What people ask for by hand. Whoever closes positions and plans orders reads it here, so that it outlives every process. */
export interface ByHandBook {
  /** Of the last holding of each symbol that somebody asked something for. */
  exits(account: string): Promise<ExitsByHand[]>;
  /**
   * Has a holding sold by its exits. Idempotent by holding: the second call changes nothing and returns what the first one said.
   *
   * @throws UserError NotHeld where this holding is over
   */
  close(request: { account: string; symbol: string; openedAt: number } & Signed): Promise<ExitsByHand>;
  /**
   * Gives a holding barriers of its own, those that are named: the others stay as they are.
   *
   * @throws UserError NotHeld where this holding is over
   */
  setExits(
    request: { account: string; symbol: string; openedAt: number; own: OwnExits } & Signed,
  ): Promise<ExitsByHand>;
  leaveOut(request: { account: string; symbol: string; until: number } & Signed): Promise<LeftOut>;
  /** False where it was not left out. */
  takeBack(request: { account: string; symbol: string } & Signed): Promise<boolean>;
  /** Those that are left out at this time. */
  leftOut(account: string, at: number): Promise<LeftOut[]>;
}
