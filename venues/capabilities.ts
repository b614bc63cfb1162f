import { UserError } from '../contracts/errors.ts';
import { legId } from '../contracts/leg-ids.ts';
import { intentId } from '../contracts/workflow-ids.ts';
import { tagged } from '../domain/money/tagged.ts';

/** What a venue can, by its documentation; where its own answers say something of it too, a test holds the row against them. */
export interface Capabilities {
  /** So long a request of ours is valid: one that comes later the venue itself refuses. Undefined where it takes one however late it comes. */
  requestValidMs: number | undefined;
  /** Undefined where an order cannot be asked for by the id that we gave it. */
  clientIdLookUp:
    | {
        /** Longest time between the arrival of an order and its being found. */
        matchingDelayMs: number;
        /** So long after its end an order without a fill is told of; one with a fill is without end. */
        keptMs: number;
      }
    | undefined;
  /** Client order ids that it takes. */
  clientId: RegExp;
  /** What the account's trades are read on from: ids that count up within a symbol, or times, at one of which several may lie. */
  tradeCursor: 'sequence' | 'time';
  /** The venue's word for: of two orders of ours that would meet, the newer one expires. */
  selfTradePrevention: string;
  /** Request weight that it grants an address in a minute, until it has said so itself. */
  weightPerMinute: number;
  /** Perpetual markets beside its spot symbols that tell anybody of funding and open interest, without a key. */
  perpetuals: 'usd-m' | undefined;
}

/** Of a venue at which it can be proved that an order never was there: without that none is known to be sent at most once. */
export type ProvingCapabilities = Capabilities & {
  requestValidMs: number;
  clientIdLookUp: NonNullable<Capabilities['clientIdLookUp']>;
};

const DAY_MS = 86_400_000;

/**
 * developers.binance.com, "Spot API": recvWindow (up to a minute; ours is short, so that what was held up is not sent after all), client ids and
 * self-trade prevention in "New order", what is archived in "Query order", and "Limits". It promises no longest delay of its look-ups: ten
 * seconds are an assumption, on the safe side.
 */
const binance: ProvingCapabilities = {
  requestValidMs: 2_000,
  clientIdLookUp: { matchingDelayMs: 10_000, keptMs: 90 * DAY_MS },
  clientId: /^[\w.:/-]{1,36}$/,
  tradeCursor: 'sequence',
  selfTradePrevention: 'EXPIRE_TAKER',
  weightPerMinute: 6_000,
  perpetuals: 'usd-m',
};

export const capabilities = {
  binance,
  /** The paper exchange speaks Binance's protocol, of its spot market. */
  simulated: { ...binance, perpetuals: undefined },
} satisfies Record<string, Capabilities>;

/**
 * Refuses a venue that cannot prove the absence of an order. Paper trading never comes here with one: there the orders go to the paper exchange.
 */
export function requireProof(venue: string, row: Capabilities): ProvingCapabilities {
  const sample = intentId(legId('main', tagged('cycle/main/1'), 'BTC/USDT', 0, 'open'), 1);
  const { requestValidMs, clientIdLookUp, clientId } = row;
  const lacks = [
    ...(requestValidMs === undefined ? ['refuses no request that comes late'] : []),
    ...(clientIdLookUp === undefined ? ['finds no order by the id that Sapphire gave it'] : []),
    ...(clientId.test(sample) ? [] : [`takes no order id such as ${sample}`]),
  ];
  if (requestValidMs !== undefined && clientIdLookUp !== undefined && lacks.length === 0) {
    return { ...row, requestValidMs, clientIdLookUp };
  }
  throw new UserError(
    'VenueUnprovable',
    `${venue} ${lacks.join(' and ')}: of an order whose answer is lost nobody could say whether it was taken, and it might be sent twice. Set "mode": "paper", or trade at a venue that can.`,
  );
}
