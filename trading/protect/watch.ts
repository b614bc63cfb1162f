import type { Logger } from 'pino';
import type { Guard, Watched, WatchRequest } from '../../contracts/protection.ts';
import { decimal, type Price } from '../../domain/money/money.ts';
import { isHeld } from '../../domain/portfolio/holding.ts';
import { sellable } from '../../domain/protection/exits.ts';
import { exitSettings } from '../../domain/protection/own-exits.ts';
import {
  barrierHit,
  barriersOf,
  type Holding,
  highestOf,
  type ProtectionSettings,
} from '../../domain/protection/protection.ts';
import { beginRounds, type SteadyRounds } from '../../runtime/telemetry/steady-rounds.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort } from '../../venues/port.ts';
import type { Clock } from '../clock.ts';

export interface WatchTools {
  journal: { ledger: Pick<Journal['ledger'], 'positions'>; byHand: Pick<Journal['byHand'], 'exits'> };
  trading: Pick<TradingPort, 'touch' | 'instrument' | 'listing'>;
  /** As configured; undefined where protection is switched off. */
  settings: ProtectionSettings | undefined;
  clock: Clock;
  logger: Logger;
}

const POLL_MS = 1_000;
const WATCH_MS = 10 * 60_000;
/** The first fill of a buy may be too little to be sold, and what follows makes it a position. */
const DUSTY_LOOKS = 5;
/** One warning in so many failed looks. */
const WARN_EVERY = 30;

export async function guardOf(
  { journal, settings: configured }: Pick<WatchTools, 'journal' | 'settings'>,
  account: string,
  symbol: string,
): Promise<Guard> {
  const holding = await holdingOf({ journal }, account, symbol);
  const settings = holding ? await settingsOf({ journal, settings: configured }, account, symbol, holding) : configured;
  return { ...(holding ? { holding } : {}), ...(settings ? { settings } : {}) };
}

/**
 * Looks at the position and its best bid about once a second until something has to be done.
 *
 * @param onHighest told after each look: a watch that begins anew goes on from the highest price of this one
 */
export async function watchPosition(
  tools: WatchTools,
  request: WatchRequest,
  onHighest: (highest: Price) => void,
): Promise<Watched> {
  const looks = beginRounds(`the exits of ${request.symbol}`);
  try {
    return await lookOn(tools, request, onHighest, looks);
  } finally {
    looks.over();
  }
}

async function lookOn(
  tools: WatchTools,
  request: WatchRequest,
  onHighest: (highest: Price) => void,
  looks: SteadyRounds,
): Promise<Watched> {
  const { trading, clock, logger } = tools;
  const { account, symbol, holding: entry } = request;
  let { highest } = request;
  const until = clock.elapsed() + WATCH_MS;
  for (let blind = 0, dusty = 0; clock.elapsed() < until; await clock.sleep(POLL_MS)) {
    const holding = await holdingOf(tools, account, symbol);
    if (!holding) return { end: 'flat', highest };
    const moved = holding.openedAt !== entry.openedAt || holding.averageCost !== entry.averageCost;
    const settings = await settingsOf(tools, account, symbol, holding);
    if (moved || !isSame(settings, request.settings)) return { end: 'changed', highest };
    const bid = await bidOf(tools, symbol, blind);
    looks.moved();
    blind = bid === undefined ? blind + 1 : 0;
    if (bid === undefined) continue;
    const isDust = sellable(trading.instrument(symbol), decimal(holding.quantity), decimal(bid)).isZero();
    dusty = isDust ? dusty + 1 : 0;
    if (dusty >= DUSTY_LOOKS) return { end: 'dust', highest };
    highest = highestOf(highest, bid);
    onHighest(highest);
    const at = clock.now();
    const barrier = barrierHit(barriersOf(request.settings, entry, highest), bid, at);
    if (barrier) {
      logger.warn({ account, symbol, barrier, price: bid, ...entry }, 'a barrier was hit');
      return { end: 'hit', barrier, highest, hitAt: at };
    }
  }
  return { end: 'again', highest };
}

/** As configured, but for what a person asked for of this very holding. */
async function settingsOf(
  { journal, settings }: Pick<WatchTools, 'journal' | 'settings'>,
  account: string,
  symbol: string,
  { openedAt }: Holding,
): Promise<ProtectionSettings | undefined> {
  const asked = (await journal.byHand.exits(account)).find((one) => one.symbol === symbol && one.openedAt === openedAt);
  return exitSettings(settings, asked?.own, asked?.closing !== undefined);
}

async function holdingOf(
  { journal }: { journal: Pick<WatchTools['journal'], 'ledger'> },
  account: string,
  symbol: string,
): Promise<Holding | undefined> {
  const position = (await journal.ledger.positions(account)).find((one) => one.symbol === symbol);
  if (!position || !isHeld(position)) return undefined;
  const { quantity, averageCost, openedAt } = position;
  return { quantity, averageCost, openedAt };
}

/** Undefined while the market cannot be read, nobody bids or no order is taken: no price is no reason to sell. */
async function bidOf({ trading, logger }: WatchTools, symbol: string, failures: number): Promise<Price | undefined> {
  try {
    if (trading.listing(symbol) !== 'traded') throw new Error(`the exchange does not trade ${symbol}`);
    const { bid } = await trading.touch(symbol);
    return decimal(bid).isZero() ? undefined : bid;
  } catch (error) {
    if (failures % WARN_EVERY === 0) logger.warn({ error, symbol }, 'protection sees no price');
    return undefined;
  }
}

const exitKeys = [
  'stopLoss',
  'takeProfit',
  'trailingStop',
  'timeLimitMinutes',
  'stopPrice',
  'targetPrice',
  'closesAt',
  'closing',
] as const satisfies readonly (keyof ProtectionSettings)[];

function isSame(one: ProtectionSettings | undefined, other: ProtectionSettings): boolean {
  return one !== undefined && exitKeys.every((key) => one[key] === other[key]);
}
