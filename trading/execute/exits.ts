import type { Logger } from 'pino';
import type { Exit, ExitQuestion, ExitWait } from '../../contracts/exits.ts';
import { legId } from '../../contracts/leg-ids.ts';
import { type Decimal, decimal, type Price, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { LegId } from '../../domain/orders/ids.ts';
import { lifeOf } from '../../domain/orders/lives.ts';
import { mayRest } from '../../domain/orders/orders.ts';
import { exitLeg, sellable } from '../../domain/protection/exits.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort } from '../../venues/port.ts';

export interface ExitTools {
  journal: Pick<Journal, 'control' | 'intents' | 'ledger'>;
  trading: Pick<TradingPort, 'touch' | 'instrument' | 'listing'>;
}

/** The leg ids of an exit, by attempt. */
export async function exitLegIds(
  { control }: Pick<Journal, 'control'>,
  { account, symbol, purpose, key }: ExitQuestion,
): Promise<(attempt: number) => LegId> {
  const life = lifeOf((await control.read(account)).epoch);
  return (attempt) => legId(account, tagged(key), symbol, attempt, purpose, life);
}

/**
 * The next order of an exit, planned and its base reserved under the journal's lock, under the epoch of this moment: a reduction passes the
 * fence while trading is halted, too.
 *
 * @param wanted what is to be sold of a position, given the position
 */
export async function planNextExit(
  { journal, trading }: ExitTools,
  question: ExitQuestion,
  wanted: (booked: Decimal) => Decimal,
): Promise<{ exit: Exit; booked: Decimal; bid: Price }> {
  const { account, symbol, purpose, key, attempt, triggeredAt } = question;
  if (trading.listing(symbol) !== 'traded') return untraded({ journal, trading }, question, wanted);
  const instrument = trading.instrument(symbol);
  const { bid } = await trading.touch(symbol);
  const id = (await exitLegIds(journal, question))(attempt);
  let booked = decimal(0);
  let resting: LegId[] = [];
  const leg = await journal.intents.planExit({ legId: id, account, symbol }, ({ position, free, control, sellers }) => {
    booked = decimal(position.quantity);
    resting = sellers.filter(mayRest).map((seller) => seller.legId);
    return exitLeg({
      legId: id,
      cycleId: tagged(key),
      correlationId: key,
      account,
      purpose,
      epoch: control.epoch,
      ...(triggeredAt === undefined ? {} : { triggeredAt }),
      instrument,
      bid,
      wanted: wanted(booked),
      free: decimal(free),
    });
  });
  const left = wanted(booked);
  if (leg) return { exit: { leg }, booked, bid };
  const nobodyBids = decimal(bid).isZero();
  if (left.isZero() || (!nobodyBids && sellable(instrument, left, decimal(bid)).isZero())) {
    return { exit: { over: { dust: text(left) } }, booked, bid };
  }
  const quantity = text(left);
  const wait: ExitWait = nobodyBids
    ? { quantity, reason: `nobody bids for ${instrument.base}` }
    : {
        quantity,
        reason: `${quantity} ${instrument.base} are reserved by another order`,
        ...(resting.length > 0 ? { resting } : {}),
      };
  return { exit: { wait }, booked, bid };
}

/** Nothing can be sold, and nothing is dust, where the exchange takes no order: that ends with its pause, or a person books it out. */
async function untraded(
  { journal, trading }: ExitTools,
  { account, symbol }: ExitQuestion,
  wanted: (booked: Decimal) => Decimal,
): Promise<{ exit: Exit; booked: Decimal; bid: Price }> {
  const position = (await journal.ledger.positions(account)).find((one) => one.symbol === symbol);
  const booked = decimal(position?.quantity ?? '0');
  const left = wanted(booked);
  const reason = `the exchange does not trade ${symbol}: it is ${trading.listing(symbol)}`;
  const exit: Exit = left.isZero()
    ? { over: { dust: '0' } }
    : { wait: { quantity: text(left), reason, untraded: true } };
  return { exit, booked, bid: text(decimal(0)) };
}

/** The next order that sells the whole position; what is too little for the exchange goes to the dust book. */
export async function planExit(
  { journal, trading, logger }: ExitTools & { logger: Logger },
  question: ExitQuestion,
): Promise<Exit> {
  const { exit, bid } = await planNextExit({ journal, trading }, question, (booked) => booked);
  if ('leg' in exit) return exit;
  if ('wait' in exit) {
    logger.warn({ ...question, ...exit.wait }, 'an exit waits');
    return exit;
  }
  const { account, symbol, key } = question;
  if (decimal(bid).isZero()) return exit;
  const rules = trading.instrument(symbol);
  const dust = await journal.ledger.sweepDust({ reference: key, account, symbol, rules, price: bid });
  return { over: { dust } };
}
