import type { AgentRequest } from '../../../contracts/signals.ts';
import { candlesOf } from '../../../domain/market/frames.ts';
import type { Candle, SymbolSnapshot } from '../../../domain/market/market.ts';
import { type Decimal, decimal, ZERO } from '../../../domain/money/money.ts';
import {
  bookImbalance,
  fillDecay,
  isPositive,
  microprice,
  optimalQuote,
  priceVolatility,
  type ReadBook,
  readBook,
} from '../../../domain/quoting/market-making.ts';
import { abstain, type Opinion } from '../../../domain/signals/signals.ts';
import { clamp, outcomeProbabilities, uncertaintyOver } from '../../../domain/statistics/statistics.ts';
import { type Agent, freeAnswer } from '../port.ts';
import type { EngineView, EngineViews } from './hummingbot-engine.ts';

const MIN_CANDLES = 30;
const MINUTE_MS = 60_000;
/** What a book knows is over within minutes (Cont, Kukanov, Stoikov 2014): so far its view looks, and no further. */
const BOOK_HORIZON_MS = 5 * MINUTE_MS;
/** A book that leans less than this either way has nothing to say. */
const NEUTRAL_PRESSURE = 0.05;
const MAX_CONVICTION = 0.3;
const MAX_EXPECTED_RETURN = 0.01;

/** A market maker's view of one book. */
interface BookView {
  expectedReturn: number;
  uncertainty: number;
  pressure: number;
  halfSpread: number;
  imbalance: number;
}

/**
 * Hummingbot's seat: Avellaneda–Stoikov quoting, used as advice. Agents never see the account, so the inventory is neutral and the
 * reservation price is the mid; what is left to say comes from the book.
 *
 * The rule: pressure is the mean of (microprice − mid) / (δ/2), within ±1, and of the imbalance of the quantities that stand within δ/2 of
 * the mid, where δ is the optimal spread: those orders trade before an optimal quote does. The expected return is pressure · (δ/2) / mid, as
 * δ/2 is what the model holds to be a fair pay for being run over once. The view is over five minutes, since a book's information does not last,
 * or over the question's horizon where that is shorter; a book in balance is no view. Sources: Stoikov 2018, "The micro-price"; Cont, Kukanov, Stoikov 2014, "The price impact of order book events".
 *
 * @param settings.riskFactor γ of the quoting model
 */
export function createHummingbotSeat(
  settings: { riskFactor: number },
  engine: EngineViews = noEngine,
): Agent<'hummingbot'> {
  const riskFactor = decimal(settings.riskFactor);
  return {
    id: 'hummingbot',
    async answer(request, signal) {
      const views = await engine(signal);
      const model = views ? 'hummingbot sapphire_quotes' : 'avellaneda-stoikov';
      return freeAnswer(
        { agentId: 'hummingbot', model, version: views ? '20260922' : '2 (hummingbot sigma)' },
        request.snapshot.symbols.flatMap((symbol) =>
          opinionOn(symbol, request, riskFactor, views?.get(symbol.instrument.symbol)),
        ),
      );
    },
  };
}

const noEngine: EngineViews = async () => undefined;

function opinionOn(
  snapshot: SymbolSnapshot,
  request: AgentRequest,
  riskFactor: Decimal,
  engine: EngineView | undefined,
): Opinion[] {
  const { symbol } = snapshot.instrument;
  const horizonMs = Math.min(BOOK_HORIZON_MS, request.horizonMs);
  const own = viewOf(snapshot, horizonMs / MINUTE_MS, riskFactor);
  if (typeof own === 'string') return abstain('hummingbot', [symbol], 'not_enough_data', own);
  const view = engine ? withEngine(own, engine) : own;
  const { expectedReturn, uncertainty, pressure, halfSpread, imbalance } = view;
  if (Math.abs(pressure) < NEUTRAL_PRESSURE) {
    const words = [
      `The book is in balance: pressure ${pressure.toFixed(2)}`,
      ...(engine ? engineEvidence(engine) : []),
    ];
    return abstain('hummingbot', [symbol], 'no_view', `${words.join('; ')}.`);
  }
  return [
    {
      kind: 'signal',
      agentId: 'hummingbot',
      symbol,
      probabilities: outcomeProbabilities(expectedReturn, uncertainty),
      expectedReturn,
      uncertainty,
      conviction: MAX_CONVICTION * Math.abs(pressure),
      horizonMs,
      validUntilAt: request.snapshot.takenAt + horizonMs,
      rationale: engine
        ? 'Pressure of the order book against the optimal half-spread, and the tilt of the engine’s own quotes.'
        : 'Pressure of the order book, measured against the optimal half-spread at a neutral inventory.',
      evidence: [
        `pressure ${pressure.toFixed(2)}`,
        `imbalance ${imbalance.toFixed(2)}`,
        `optimal half-spread ${(halfSpread * 10_000).toFixed(2)} bps`,
        ...(engine ? engineEvidence(engine) : []),
      ],
    },
  ];
}

/**
 * What the engine's quotes add. Its inventory is the other side of what takers did: one that holds more than it wants was sold to, and its
 * reservation price lies below the mid. Order flow persists for a while (Bouchaud, Farmer, Lillo 2009), so the tilt counts as much as the book.
 */
function withEngine(own: BookView, engine: EngineView): BookView {
  const pressure = (own.pressure + engine.tilt) / 2;
  return {
    ...own,
    pressure,
    expectedReturn: clamp(pressure * own.halfSpread, -MAX_EXPECTED_RETURN, MAX_EXPECTED_RETURN),
  };
}

function engineEvidence({ reservationPrice, spread, skew, ageMs }: EngineView): string[] {
  return [
    `engine: reservation price ${reservationPrice}, spread ${spread}`,
    `engine: inventory skew ${skew.toFixed(4)}, ${Math.round(ageMs / 1_000)} s old`,
  ];
}

/** The view, or the sentence that says why there is none. */
function viewOf(snapshot: SymbolSnapshot, horizonMinutes: number, riskFactor: Decimal): BookView | string {
  const read = readBook(snapshot.book);
  if (read === undefined) return 'The order book is empty, crossed or not made of prices.';
  // A book lives for minutes, on whatever it is decided.
  const candles = candlesOf(snapshot, '1m');
  if (candles.length < MIN_CANDLES)
    return `The quoting model needs ${MIN_CANDLES} minutes; there are ${candles.length}.`;
  const market = marketParameters(candles);
  if (market === undefined) return 'The candles show no movement or hold something that is no price.';
  return pressureView(read, market, horizonMinutes, riskFactor);
}

function marketParameters(candles: readonly Candle[]): { volatility: Decimal; decay: Decimal } | undefined {
  if (!candles.every(({ open, high, low, close }) => [open, high, low, close].every(isPositive))) return undefined;
  const volatility = priceVolatility(candles.map(({ close }) => decimal(close)));
  const decay = fillDecay(candles);
  return volatility === undefined || decay === undefined ? undefined : { volatility, decay };
}

function pressureView(
  book: ReadBook,
  { volatility, decay }: { volatility: Decimal; decay: Decimal },
  horizonMinutes: number,
  riskFactor: Decimal,
): BookView {
  const { mid } = book;
  const { spread } = optimalQuote({
    variant: 'hummingbot',
    mid,
    inventory: ZERO,
    riskFactor,
    volatility,
    fillDecay: decay,
    timeLeft: decimal(1),
    minSpread: ZERO,
  });
  const halfSpread = spread.div(2);
  const tilt = clamp(microprice(book).minus(mid).div(halfSpread).toNumber(), -1, 1);
  const imbalance = bookImbalance(book, halfSpread).toNumber();
  const pressure = (tilt + imbalance) / 2;
  const relativeHalfSpread = halfSpread.div(mid).toNumber();
  return {
    expectedReturn: clamp(pressure * relativeHalfSpread, -MAX_EXPECTED_RETURN, MAX_EXPECTED_RETURN),
    uncertainty: uncertaintyOver(volatility.div(mid).toNumber(), horizonMinutes),
    pressure,
    halfSpread: relativeHalfSpread,
    imbalance,
  };
}
