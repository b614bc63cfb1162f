import type { DecimalText } from '../domain/money.ts';
import type { Barrier, Barriers, Holding } from '../domain/protection.ts';

/** What the query `protection` of `protectPosition` answers. */
export interface ProtectionState {
  account: string;
  symbol: string;
  /** Missing before the first look, and once nothing is held any more. */
  holding?: Holding;
  /** Highest price since the entry. */
  highest?: DecimalText;
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
