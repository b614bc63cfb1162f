import { isDeepStrictEqual } from 'node:util';
import type { binance } from 'ccxt';
import { z } from 'zod';
import type { Listing } from '../port.ts';
import { timed } from './ccxt-client.ts';
import { venueCode } from './classify.ts';

/** What the exchange lists, with the rules of each market, as it was last read. */
export interface Markets {
  listing(symbol: string): Listing;
  /** Reads anew, without being waited for, where this answer says that what was read is no longer so. */
  doubt(error: unknown): void;
  /** The same where the exchange states other rules of a market now, in an answer of exchangeInfo for some of them. */
  compare(answer: unknown): void;
  /** Reads anew; one reading at a time. */
  renew(): Promise<void>;
}

/** So old the rules may be: an exchange tells nobody that it has changed a tick, a step or a least value. */
export const MARKETS_MS = 10 * 60_000;
/** After a reading that failed, and while somebody asks for a symbol that is not traded: nobody is told when it is again. */
const AGAIN_MS = 30_000;

/** Filter failure, too many decimals, invalid symbol (developers.binance.com, "Error codes"). */
const CONTRADICTIONS = [-1013, -1111, -1121];

const rulesSchema = z.object({
  symbols: z.array(z.looseObject({ symbol: z.string(), filters: z.array(z.unknown()) })),
});

const known = new WeakMap<binance, Promise<Markets>>();

/** One list a client, which its requests are made by, read before this comes back. Whatever asks has it read anew once it is old. */
export function loadMarkets(client: binance, steady: () => number = () => performance.now()): Promise<Markets> {
  const opened = known.get(client);
  if (opened) return opened;
  const opening = open(client, steady);
  known.set(client, opening);
  // What could not be read may be tried again.
  opening.catch(() => known.delete(client));
  return opening;
}

async function open(client: binance, steady: () => number): Promise<Markets> {
  let dueAt = 0;
  /** For whoever asks for what is not traded. */
  let dueForUntradedAt = 0;
  let reading: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    dueAt = steady() + AGAIN_MS;
    dueForUntradedAt = dueAt;
    await timed('exchangeInfo', () => client.loadMarkets(true));
    dueAt = steady() + MARKETS_MS;
  };
  const renew = (): Promise<void> => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  /** The old list stays until there is a new one. */
  const renewUnseen = (): void => void renew().catch(() => undefined);

  await renew();
  return {
    listing(symbol) {
      const listing = listingOf(client.markets?.[symbol]);
      if (steady() >= (listing === 'traded' ? dueAt : dueForUntradedAt)) renewUnseen();
      return listing;
    },
    doubt(error) {
      if (CONTRADICTIONS.includes(venueCode(String(error)) ?? 0)) renewUnseen();
    },
    compare(answer) {
      const { symbols = [] } = rulesSchema.safeParse(answer).data ?? {};
      const isOther = symbols.some(({ symbol, filters }) => {
        const [market] = client.markets_by_id?.[symbol] ?? [];
        return market !== undefined && !isDeepStrictEqual(market['info']?.filters, filters);
      });
      if (isOther) renewUnseen();
    },
    renew,
  };
}

function listingOf(market: { active?: boolean | undefined } | undefined): Listing {
  if (!market) return 'unlisted';
  return market.active === false ? 'halted' : 'traded';
}
