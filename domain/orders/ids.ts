import type { Tagged } from '../money/tagged.ts';

/** Of one cycle; also names its plan. */
export type CycleId = Tagged<string, 'cycle'>;
/** Business key of a leg: the same cycle, symbol, leg and purpose always give the same. */
export type LegId = Tagged<string, 'leg'>;
/** Of one submission of a leg, and its client order id at the exchange. */
export type IntentId = Tagged<string, 'intent'>;
/** What the exchange calls an order. */
export type VenueOrderId = Tagged<string, 'venue order'>;
