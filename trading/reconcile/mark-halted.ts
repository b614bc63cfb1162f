import type { Logger } from 'pino';
import type { Configuration } from '../../contracts/config/schema.ts';
import { pricesWanted } from '../../contracts/cycle-steps.ts';
import { midsOf } from '../../domain/market/prices.ts';
import { isWithin } from '../../domain/statistics/periods.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { PricePort } from '../../venues/port.ts';
import type { Clock } from '../clock.ts';
import { readPrices } from '../decide/prices.ts';
import { equityIn } from '../decide/record.ts';
import { symbolsOf } from '../decide/terms.ts';
import { inTime } from '../in-time.ts';

/** As long as a cycle waits for the market: a look has more to do. */
const READ_MS = 4_000;

export interface MarkTools {
  journal: {
    control: Pick<Journal['control'], 'read'>;
    ledger: Pick<Journal['ledger'], 'equityMarks' | 'positions'>;
    cycles: Pick<Journal['cycles'], 'mark'>;
  };
  prices: PricePort;
  configuration: Pick<Configuration, 'symbols' | 'currency' | 'cycle'>;
  clock: Pick<Clock, 'now'>;
  logger: Logger;
}

/**
 * Marks equity while trading is halted, as a halted cycle does: a halt pauses the cycles. Not sooner after the last mark than a cycle would. The
 * next look marks what this one could not, and no look fails for it.
 */
export async function markWhileHalted(tools: MarkTools, account: string): Promise<void> {
  const { journal, configuration, clock, logger } = tools;
  const { symbols, currency, cycle } = configuration;
  try {
    if ((await journal.control.read(account)).tradingState !== 'halted') return;
    const marks = await journal.ledger.equityMarks(account);
    if (marks && isWithin(cycle.intervalSeconds * 1_000, marks.at, clock.now())) return;
    const wanted = symbolsOf(symbols, await journal.ledger.positions(account));
    const request = pricesWanted({ ...wanted, bookLevels: cycle.bookLevels });
    const prices = await inTime(readPrices(tools.prices, request), READ_MS, `no answer of the market in ${READ_MS} ms`);
    const { takenAt } = prices;
    const basis = { account, currency, takenAt, mids: midsOf(prices) };
    await journal.cycles.mark(basis, (books) => equityIn({ prices, currency }, books));
  } catch (error) {
    logger.warn({ account, error }, 'equity is not marked while trading is halted: the next look tries again');
  }
}
