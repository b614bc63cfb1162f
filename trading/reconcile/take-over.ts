import { createHash } from 'node:crypto';
import type { Via } from '../../contracts/audit.ts';
import { type ErrorCode, UserError } from '../../contracts/errors.ts';
import { type DecimalText, decimal, text } from '../../domain/money/money.ts';
import type { AdoptedDifference } from '../../stores/journal/books/ledger.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { faultWords, type TradingPort } from '../../venues/port.ts';
import { type LookDependencies, lookAtBooks, tradedSymbols } from './look.ts';

export interface TakeOverTools extends LookDependencies {
  journal: Pick<Journal, 'control' | 'exchange' | 'intents' | 'ledger'>;
  trading: Pick<TradingPort, 'balances' | 'openOrders' | 'tradesFrom' | 'touch' | 'listing'>;
}

export interface TakenAccount {
  account: string;
  currency: string;
  /** Configured ones. */
  symbols: readonly string[];
}

/** Books and exchange side by side, with what stands in the way of taking over what the exchange has. */
export interface Comparison {
  account: string;
  /** Names what was seen: another difference has another. */
  look: string;
  epoch: number;
  halted: boolean;
  differences: (AdoptedDifference & { difference: DecimalText })[];
  /** In words: what changes the numbers by itself, or has to be ended first. */
  inTheWay: string[];
}

/**
 * Compares once, changes nothing. A trade that the books have not read explains what it moved, and an open order may bring another: neither is a
 * difference to be taken over.
 */
export async function compareBooks(tools: TakeOverTools, of: TakenAccount): Promise<Comparison> {
  const { journal, trading } = tools;
  const { account, currency } = of;
  const control = await journal.control.read(account);
  const symbols = await tradedSymbols(tools, account, of.symbols);
  const found = await lookAtBooks(tools, account, symbols);
  const inTheWay = [
    ...(found.settled ? [] : ['trades came in while both sides were read: look again']),
    ...found.orders.map(({ symbol, intentId }) => `order ${intentId} on ${symbol} is open at the exchange`),
    ...found.intents.map(({ intentId, state }) => `submission ${intentId} is ${state}`),
    ...(await unreadTrades(tools, account, symbols)),
    ...found.differences.slice(found.apart.length).map(({ words }) => words),
  ];
  const differences = [];
  for (const apart of found.apart) {
    const { asset } = apart;
    const difference = text(decimal(apart.held).minus(apart.booked));
    const worth = await worthOf(trading, asset, currency, difference).catch((error: unknown) => {
      const verb = difference.startsWith('-') ? 'withdraw' : 'deposit';
      inTheWay.push(
        `${asset} has no price (${faultWords(error)}): book it by itself at its worth, with ./sapphire portfolio ${verb} ${difference.replace('-', '')} ${asset} --value … --reference …`,
      );
      return { value: '0' };
    });
    differences.push({ ...apart, difference, ...worth });
  }
  const seen = [account, control.epoch, found.apart.map(({ asset, booked, held }) => [asset, booked, held])];
  const look = createHash('sha256').update(JSON.stringify(seen)).digest('hex').slice(0, 12);
  return { account, look, epoch: control.epoch, halted: control.tradingState === 'halted', differences, inTheWay };
}

/** The ingestor books them: it runs with Sapphire. */
async function unreadTrades(
  { journal, trading }: TakeOverTools,
  account: string,
  symbols: readonly string[],
): Promise<string[]> {
  const unread: string[] = [];
  for (const symbol of symbols) {
    if (trading.listing(symbol) === 'unlisted') continue;
    const { trades } = await trading.tradesFrom(symbol, await journal.exchange.cursor(account, symbol));
    if (trades.length > 0)
      unread.push(`${trades.length} trades on ${symbol} are not read yet: Sapphire books them while it runs`);
  }
  return unread;
}

async function worthOf(
  trading: TakeOverTools['trading'],
  asset: string,
  currency: string,
  difference: DecimalText,
): Promise<Pick<AdoptedDifference, 'value' | 'symbol' | 'untraded'>> {
  if (asset === currency) return { value: difference };
  const symbol = `${asset}/${currency}`;
  if (trading.listing(symbol) === 'unlisted') return { value: '0', symbol, untraded: true };
  const { bid, ask } = await trading.touch(symbol);
  return { value: text(decimal(bid).plus(ask).div(2).times(difference).toDecimalPlaces(8)), symbol };
}

export interface TakeOverRequest extends TakenAccount {
  /** Which comparison the person saw; whatever is found without. */
  look?: string | undefined;
  reason: string;
  by: string;
  via: Via;
}

/**
 * Takes over what the exchange has where no trade explains it, at the middle of the market.
 *
 * @returns what was taken over; no differences where books and exchange are equal
 * @throws {UserError} `StillMoving`, `LookChanged`, and what the books refuse: `NotHalted`, `OrderOpen`, `NotFree`, `NotHeld`
 */
export async function takeOver(tools: TakeOverTools, request: TakeOverRequest): Promise<Comparison> {
  const { account, reason, by, via } = request;
  const found = await compareBooks(tools, request);
  const refuse = (code: ErrorCode, words: string): never => {
    throw new UserError(code, `${words} Nothing was booked.`);
  };
  const numbers = found.differences.map(({ asset, booked, held }) => `${asset} ${held}, booked ${booked}`).join('; ');
  if (request.look !== undefined && request.look !== found.look) {
    refuse(
      'LookChanged',
      `What was looked at as ${request.look} is now ${found.look}: the exchange has ${numbers || 'what the books have'}.`,
    );
  }
  if (found.inTheWay.length > 0) refuse('StillMoving', `${found.inTheWay.join('; ')}.`);
  if (found.differences.length === 0) return found;
  const { look, epoch, differences } = found;
  await tools.journal.ledger.adopt({ account, epoch, look, differences, reason, at: Date.now(), by, via });
  return found;
}
