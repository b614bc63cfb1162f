import { z } from 'zod';
import type { DecimalText, Price } from '../domain/money/money.ts';
import type { Barrier, Barriers, Holding, ProtectionSettings } from '../domain/protection/protection.ts';
import { positiveDecimalText, symbolText } from './decimal-text.ts';
import { kindOf } from './ids.ts';
import { accountInput } from './inputs.ts';

/** Input of the workflow `protectPosition`. */
export const protectPositionInputSchema: z.ZodType<ProtectPositionInput> = z.looseObject({
  account: accountInput,
  symbol: symbolText,
  /** What one run tells the next about the holding. */
  memory: z
    .looseObject({
      openedAt: z.number(),
      highest: kindOf<Price>(positiveDecimalText),
      /** Number of the next order that closes it. */
      attempt: z.int().positive(),
    })
    .exactOptional(),
});
export interface ProtectPositionInput {
  account: string;
  symbol: string;
  memory?: { openedAt: number; highest: Price; attempt: number };
}

/** What the query `protection` of `protectPosition` answers. */
export interface ProtectionState {
  account: string;
  symbol: string;
  /** Missing before the first look, and once nothing is held any more. */
  holding?: Holding;
  /** Highest price since the entry. */
  highest?: Price;
  barriers: Barriers;
  /** The barrier that was hit, while the position is being sold. */
  closing?: Barrier;
}

/** How the protection of a symbol ended. `closed`: by a sale of its own. `flat`: another one sold. `off`: protection is switched off. */
export interface ProtectionResult {
  symbol: string;
  end: 'closed' | 'flat' | 'off';
  /** Of the last sale of its own. Quantities are in the base asset. */
  closed?: { barrier: Barrier; sold: DecimalText; dust: DecimalText };
}

/** What is held now, and the barriers that the configuration gives it. */
export interface Guard {
  holding?: Holding;
  settings?: ProtectionSettings;
}

export interface WatchRequest {
  account: string;
  symbol: string;
  holding: Holding;
  settings: ProtectionSettings;
  /** Highest price since the entry, as far as is known. */
  highest: Price;
}

/**
 * Why a watch ended. `changed`: the entry, or the settings. `dust`: too little is left to be sold. `again`: nothing happened; the watch is not
 * endless, so that the workflow's history shows that it goes on.
 */
export type Watched = { highest: Price } & (
  | { end: 'hit'; barrier: Barrier /** When; missing in watches of earlier releases. */; hitAt?: number }
  | { end: 'flat' | 'dust' | 'changed' | 'again' }
);
