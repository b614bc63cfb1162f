import { setTimeout } from 'node:timers/promises';
import type { binance } from 'ccxt';
import { z } from 'zod';
import type { OpenInterest, PerpetualGap } from '../../domain/market/perpetual.ts';
import { type DecimalText, decimal, type Quantity, text } from '../../domain/money/money.ts';
import { amount } from './amount.ts';
import { Binance, ccxtErrors } from './ccxt-binance.ts';

/** Funding of one contract as it was told. */
export interface Funding {
  fundingRate: DecimalText;
  nextFundingAt: number;
  seenAt: number;
}

/** A perpetual contract, and how many of the spot symbol's base one unit of its own base is. */
export interface Contract {
  id: string;
  scale: number;
}

/** Why a reading is none. The message is for the log. */
export class NoReading extends Error {
  readonly gap: PerpetualGap;
  constructor(gap: PerpetualGap, message: string, options?: ErrorOptions) {
    super(message, options);
    this.gap = gap;
  }
}

/** Asked to be left alone, for so long. */
export class LeftAlone extends NoReading {
  readonly forMs: number;
  constructor(forMs: number, options?: ErrorOptions) {
    super('refused', `asked to be left alone for ${forMs / 1_000} s`, options);
    this.forMs = forMs;
  }
}

const DAY_MS = 86_400_000;
/** The longest that an address is banned for. */
const LONGEST_BAN_MS = 3 * DAY_MS;
const TIMEOUT_MS = 5_000;
/** Of a whole answer: ccxt stops its clock at the first byte, and one that trickles would be the last look. */
const WITHIN_MS = 6_000;
/** Open interest is told of each quarter of an hour; of a whole day and its first. */
const PERIOD = '15m';
const PERIODS = 97;

const millis = z.coerce.number().int().positive();
const rate = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .transform((value) => text(decimal(value)));

/** Rows of other contracts need not be readable: those that are delivered have no funding. */
const fundingListSchema = z.array(z.looseObject({ symbol: z.string() }));
const fundingSchema = z
  .looseObject({ lastFundingRate: rate, nextFundingTime: millis, time: millis })
  .transform(({ lastFundingRate, nextFundingTime, time }): Funding => {
    return { fundingRate: lastFundingRate, nextFundingAt: nextFundingTime, seenAt: time };
  });

export type FundingRows = ReadonlyMap<string, unknown>;

/** Contracts of what is worth little count in thousands or millions of it. */
const scales = [
  ['', 1],
  ['1000', 1_000],
  ['1000000', 1_000_000],
  ['1M', 1_000_000],
] as const;

/**
 * Binance's USD-M futures, their public endpoints alone, by a client of its own: its limits are of another host, and must not hold up what trades.
 * Weights by developers.binance.com, "USDⓈ-M Futures": `premiumIndex` without a symbol 10 of 2,400 a minute; `openInterestHist` 0, and 1,000 requests in five minutes.
 *
 * @param url where it is not the venue's own
 */
export function createUsdMargined(url?: string) {
  const client: binance = new Binance({
    enableRateLimit: false,
    timeout: TIMEOUT_MS,
    options: { maxRetriesOnFailure: 0 },
  });
  if (url)
    Object.assign(client.urls['api'] as object, { fapiPublic: `${url}/fapi/v1`, fapiData: `${url}/futures/data` });
  const waits = keepWaits(client);

  /** @throws NoReading */
  async function asked<T>(schema: z.ZodType<T>, request: () => Promise<unknown>): Promise<T> {
    const late = new AbortController();
    const timer = setTimeout(WITHIN_MS, undefined, { signal: late.signal, ref: false }).then(() => {
      throw new NoReading('away', `no whole answer within ${WITHIN_MS} ms`);
    });
    const answer = request().catch((error: unknown) => {
      throw faultOf(error, waits);
    });
    try {
      return readAs(schema, await Promise.race([answer, timer]));
    } finally {
      late.abort();
    }
  }

  return {
    /** What is said of funding, by contract, unread. @throws NoReading */
    async funding(): Promise<FundingRows> {
      const rows = await asked(fundingListSchema, () => client.fapiPublicGetPremiumIndex());
      return new Map(rows.map((row) => [row.symbol, row]));
    },
    /** @throws NoReading */
    async openInterest({ id, scale }: Contract): Promise<OpenInterest> {
      const row = z.looseObject({ symbol: z.literal(id), sumOpenInterest: amount, timestamp: millis });
      const request = { symbol: id, period: PERIOD, limit: PERIODS };
      const rows = await asked(z.array(row), () => client.fapiDataGetOpenInterestHist(request));
      const newest = rows.toSorted((one, other) => one.timestamp - other.timestamp).at(-1);
      if (!newest) throw new NoReading('none', `nothing is said of the open interest of ${id}`);
      const before = rows.find(({ timestamp }) => timestamp === newest.timestamp - DAY_MS);
      const quantityOf = (contracts: DecimalText): Quantity => text(decimal(contracts).times(scale));
      return {
        quantity: quantityOf(newest.sumOpenInterest),
        ...(before ? { dayBefore: quantityOf(before.sumOpenInterest) } : {}),
        at: newest.timestamp,
      };
    },
  };
}

/** The perpetual contract of a spot symbol among those that there are. */
export function contractOf(symbol: string, rows: FundingRows): Contract | undefined {
  const [base = '', quote = ''] = symbol.split('/');
  return scales.map(([unit, scale]) => ({ id: `${unit}${base}${quote}`, scale })).find(({ id }) => rows.has(id));
}

/** @throws NoReading */
export function fundingOf({ id }: Contract, rows: FundingRows): Funding {
  return readAs(fundingSchema, rows.get(id));
}

function readAs<T>(schema: z.ZodType<T>, answer: unknown): T {
  const { data, error } = schema.safeParse(answer);
  if (error) throw new NoReading('malformed', z.prettifyError(error).slice(0, 300));
  return data;
}

/** Of the last refusal for having asked too much. */
interface Waits {
  forMs: number | undefined;
}

function keepWaits(client: binance): Waits {
  const waits: Waits = { forMs: undefined };
  const hear = client.onRestResponse.bind(client);
  client.onRestResponse = (...response: Parameters<typeof hear>) => {
    const [status, , , , given] = response;
    if (status === 429 || status === 418) {
      const header = Object.entries(given as Record<string, string>).find(
        ([name]) => name.toLowerCase() === 'retry-after',
      );
      const seconds = Number(header?.[1]);
      waits.forMs = seconds > 0 ? Math.min(seconds * 1_000, LONGEST_BAN_MS) : undefined;
    }
    return hear(...response);
  };
  return waits;
}

/** Where it does not say for how long. */
const REFUSED_MS = 60_000;

function faultOf(error: unknown, { forMs = REFUSED_MS }: Waits): NoReading {
  if (error instanceof ccxtErrors.RateLimitExceeded || error instanceof ccxtErrors.DDoSProtection) {
    return new LeftAlone(forMs, { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  // ccxt takes 403 and 451, an address that is not served, for an exchange that is away.
  const isNo = / [A-Z]+ https?:\/\/\S+ 4\d\d /.test(message);
  const isAway = error instanceof ccxtErrors.NetworkError && !isNo;
  return new NoReading(isAway ? 'away' : 'refused', message.slice(0, 300), { cause: error });
}
