import { Context } from '@temporalio/activity';
import type { Logger } from 'pino';
import { type DecimalText, decimal } from '../../domain/money/money.ts';
import { sellable } from '../../domain/protection/exits.ts';
import {
  type Barrier,
  barrierHit,
  barriersOf,
  type Holding,
  highestOf,
  type ProtectionSettings,
} from '../../domain/protection/protection.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort } from '../../venues/port.ts';

export interface ProtectionDependencies {
  journal: { ledger: Pick<Journal['ledger'], 'positions'> };
  trading: Pick<TradingPort, 'touch' | 'instrument' | 'listing'>;
  /** Undefined where protection is switched off. */
  settings: ProtectionSettings | undefined;
  logger: Logger;
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
  highest: DecimalText;
}

/**
 * Why a watch ended. `changed`: the entry, or the settings. `dust`: too little is left to be sold. `again`: nothing happened; the watch is not
 * endless, so that the workflow's history shows that it goes on.
 */
export type Watched = { highest: DecimalText } & (
  | { end: 'hit'; barrier: Barrier }
  | { end: 'flat' | 'dust' | 'changed' | 'again' }
);

const POLL_MS = 1_000;
const WATCH_MS = 10 * 60_000;
/** The first fill of a buy may be too little to be sold, and what follows makes it a position. */
const DUSTY_LOOKS = 5;
/** One warning in so many failed looks. */
const WARN_EVERY = 30;

export type ProtectionActivities = ReturnType<typeof createProtectionActivities>;

export function createProtectionActivities({ journal, trading, settings, logger }: ProtectionDependencies) {
  const holdingOf = async (account: string, symbol: string): Promise<Holding | undefined> => {
    const position = (await journal.ledger.positions(account)).find((one) => one.symbol === symbol);
    if (!position || decimal(position.quantity).isZero()) return undefined;
    const { quantity, averageCost, openedAt } = position;
    return { quantity, averageCost, openedAt };
  };

  /** Undefined while the market cannot be read, nobody bids or no order is taken: no price is no reason to sell. */
  const bidOf = async (symbol: string, failures: number): Promise<DecimalText | undefined> => {
    try {
      if (trading.listing(symbol) !== 'traded') throw new Error(`the exchange does not trade ${symbol}`);
      const { bid } = await trading.touch(symbol);
      return decimal(bid).isZero() ? undefined : bid;
    } catch (error) {
      if (failures % WARN_EVERY === 0) logger.warn({ error, symbol }, 'protection sees no price');
      return undefined;
    }
  };

  return {
    async readGuard(account: string, symbol: string): Promise<Guard> {
      const holding = await holdingOf(account, symbol);
      return { ...(holding ? { holding } : {}), ...(settings ? { settings } : {}) };
    },

    /**
     * Looks at the position and its best bid about once a second until something has to be done. The highest price goes along with each
     * heartbeat, so that the attempt after a death goes on from it.
     */
    async watchPosition(request: WatchRequest): Promise<Watched> {
      const { account, symbol, holding: entry } = request;
      const context = Context.current();
      let highest = highestOf(request.highest, ...heardOf(context.info.heartbeatDetails));
      const timer = setInterval(() => context.heartbeat(highest), POLL_MS);
      try {
        const until = Date.now() + WATCH_MS;
        for (let blind = 0, dusty = 0; Date.now() < until; await context.sleep(POLL_MS)) {
          const holding = await holdingOf(account, symbol);
          if (!holding) return { end: 'flat', highest };
          const moved = holding.openedAt !== entry.openedAt || holding.averageCost !== entry.averageCost;
          if (moved || !isSame(settings, request.settings)) return { end: 'changed', highest };
          const bid = await bidOf(symbol, blind);
          blind = bid === undefined ? blind + 1 : 0;
          if (bid === undefined) continue;
          const isDust = sellable(trading.instrument(symbol), decimal(holding.quantity), decimal(bid)).isZero();
          dusty = isDust ? dusty + 1 : 0;
          if (dusty >= DUSTY_LOOKS) return { end: 'dust', highest };
          highest = highestOf(highest, bid);
          const barrier = barrierHit(barriersOf(request.settings, entry, highest), bid, Date.now());
          if (barrier) {
            logger.warn({ account, symbol, barrier, price: bid, ...entry }, 'a barrier was hit');
            return { end: 'hit', barrier, highest };
          }
        }
        return { end: 'again', highest };
      } finally {
        clearInterval(timer);
      }
    },
  };
}

/** The highest price of an attempt that died. */
function heardOf(details: unknown): DecimalText[] {
  return typeof details === 'string' ? [details] : [];
}

function isSame(one: ProtectionSettings | undefined, other: ProtectionSettings): boolean {
  return (
    one !== undefined &&
    (['stopLoss', 'takeProfit', 'trailingStop', 'timeLimitMinutes'] as const).every((key) => one[key] === other[key])
  );
}
