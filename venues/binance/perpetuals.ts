import type { OpenInterest, PerpetualGap, PerpetualSeen } from '../../domain/market/perpetual.ts';
import { createBreaker } from '../../runtime/telemetry/breaker.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { PerpetualsPort } from '../port.ts';
import {
  type Contract,
  contractOf,
  type Funding,
  type FundingRows,
  fundingOf,
  LeftAlone,
  NoReading,
} from './usd-margined.ts';

/** Funding moves within hours: nobody needs it more often. */
const READ_EVERY_MS = 300_000;
/** Three looks, after which a reading is none. */
const FUNDING_AGE_MS = 3 * READ_EVERY_MS;
/** It is told of each quarter of an hour, a while after its end. */
const OPEN_INTEREST_AGE_MS = 3_600_000;
/** Further off than this in the future no clock is. */
const AHEAD_MS = 60_000;
/** A whole round of fifty symbols that nobody answers ends within the time of one. */
const AT_ONCE = 4;

/** Where contracts are told of. */
export interface PerpetualSource {
  funding(): Promise<FundingRows>;
  openInterest(contract: Contract): Promise<OpenInterest>;
}

interface Options {
  symbols: readonly string[];
  exchangeTime(): Promise<number>;
  logger: Pick<Logger, 'warn'>;
  everyMs?: number;
}

/** Of one symbol: the last good readings, and why there are none, or none that is young enough. */
interface Known {
  contract?: Contract;
  funding?: Funding;
  fundingGap: PerpetualGap;
  openInterest?: OpenInterest;
  openInterestGap: PerpetualGap;
}

/**
 * Reads funding and open interest by a clock of its own, so that no decision waits for them. What cannot be read is a gap with its reason, counted; earlier readings
 * stand until they are too old.
 */
export function createPerpetuals(
  source: PerpetualSource,
  { symbols, exchangeTime, logger, everyMs = READ_EVERY_MS }: Options,
): PerpetualsPort {
  const breaker = createBreaker('exchange', 'perpetuals');
  const known = new Map<string, Known>(symbols.map((symbol) => [symbol, unread()]));
  let leftAloneUntil = 0;
  let isReading = false;
  let isClosed = false;

  async function round(): Promise<void> {
    if (isReading || performance.now() < leftAloneUntil) return;
    isReading = true;
    try {
      await breaker.execute(look);
    } catch (error) {
      logger.warn({ error }, 'the perpetual markets could not be read: agents are told so');
    } finally {
      isReading = false;
    }
  }

  /** @throws what speaks of the venue and not of a symbol: that nothing at all was said of funding, or of open interest */
  async function look(): Promise<void> {
    const { now, rows } = await told().catch((error: unknown) => {
      const gap = gapOf(error);
      for (const one of known.values()) setFunding(one, gap);
      throw error;
    });
    const listed = [...known].flatMap(([symbol, one]) => readFunding(symbol, one, rows, now));
    const faults: unknown[] = [];
    const queue = [...listed];
    const worker = async (): Promise<void> => {
      for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
        if (isClosed) return;
        await readOpenInterest(one, now).catch((error: unknown) => faults.push(error));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    if (faults.length > 0 && faults.length === listed.length) throw faults[0];
  }

  /** The clock first: what is said may be younger than it, never older. */
  async function told(): Promise<{ now: number; rows: FundingRows }> {
    return { now: await exchangeTime(), rows: await source.funding() };
  }

  /** Nothing of a symbol that has no contract. */
  function readFunding(symbol: string, one: Known, rows: FundingRows, now: number): Listed[] {
    const contract = contractOf(symbol, rows);
    if (!contract) {
      const none = unread();
      known.set(symbol, none);
      setFunding(none, 'none');
      return [];
    }
    one.contract = contract;
    try {
      const funding = fundingOf(contract, rows);
      setFunding(one, isOf(funding.seenAt, now, FUNDING_AGE_MS) && funding.nextFundingAt > now ? funding : 'stale');
    } catch (error) {
      setFunding(one, gapOf(error));
    }
    return [{ one, contract }];
  }

  /** @throws what was in the way */
  async function readOpenInterest({ one, contract }: Listed, now: number): Promise<void> {
    try {
      if (performance.now() < leftAloneUntil) throw new NoReading('refused', 'it is left alone for now');
      const found = await source.openInterest(contract);
      setOpenInterest(one, isOf(found.at, now, OPEN_INTEREST_AGE_MS) ? found : 'stale');
    } catch (error) {
      setOpenInterest(one, gapOf(error));
      throw error;
    }
  }

  function gapOf(error: unknown): PerpetualGap {
    if (error instanceof LeftAlone) leftAloneUntil = performance.now() + error.forMs;
    return error instanceof NoReading ? error.gap : 'away';
  }

  void round();
  const timer = setInterval(() => void round(), everyMs);
  timer.unref();

  return {
    beside(symbol, at) {
      const one = known.get(symbol);
      if (one) return seen(one, at);
      // What is held and not configured any more is read from the next look on.
      known.set(symbol, unread());
      return { missing: 'unread' };
    },
    close() {
      isClosed = true;
      clearInterval(timer);
    },
  };
}

interface Listed {
  one: Known;
  contract: Contract;
}

const unread = (): Known => ({ fundingGap: 'unread', openInterestGap: 'unread' });

function isOf(readAt: number, now: number, ageMs: number): boolean {
  return readAt <= now + AHEAD_MS && now - readAt <= ageMs;
}

function setFunding(one: Known, found: Funding | PerpetualGap): void {
  const isGap = typeof found === 'string';
  metrics.perpetualReadings.inc({ reading: 'funding', result: isGap ? found : 'read' });
  if (!isGap) one.funding = found;
  // What was read is missing only once it is old.
  one.fundingGap = isGap ? found : 'stale';
}

function setOpenInterest(one: Known, found: OpenInterest | PerpetualGap): void {
  const isGap = typeof found === 'string';
  metrics.perpetualReadings.inc({ reading: 'open_interest', result: isGap ? found : 'read' });
  if (!isGap) one.openInterest = found;
  one.openInterestGap = isGap ? found : 'stale';
}

/** A rate is of the payment that comes: once that has been made, it is of none. */
function seen({ contract, funding, fundingGap, openInterest, openInterestGap }: Known, at: number): PerpetualSeen {
  if (!contract) return { missing: fundingGap };
  const isKnown = openInterest && isOf(openInterest.at, at, OPEN_INTEREST_AGE_MS);
  const beside = { market: contract.id, openInterest: isKnown ? openInterest : { missing: openInterestGap } };
  const isFundingKnown = funding && isOf(funding.seenAt, at, FUNDING_AGE_MS) && funding.nextFundingAt > at;
  if (isFundingKnown) return { ...beside, ...funding };
  if (!isKnown && openInterestGap === fundingGap) return { missing: fundingGap };
  return { ...beside, funding: { missing: fundingGap } };
}
