import { setImmediate as breathe } from 'node:timers/promises';
import type { PaperExchangeConfiguration } from '../../contracts/config/paper-exchange.ts';
import { UserError } from '../../contracts/errors.ts';
import type { QuoteModelName } from '../../domain/quoting/models.ts';
import { createEngine, createMarket } from '../../venues/simulated/market/create.ts';
import { Simulation } from '../../venues/simulated/market/simulation.ts';
import { type MakerResult, type MakerTerms, simulateMaker } from './simulate.ts';
import { SimulatedMaker } from './simulated-maker.ts';

/** Two quotes, and what is left while one of them is moved. */
const MOST_OPEN_ORDERS = 4;

/**
 * Each model as the only maker of ours in the same market, one after the other: what differs is the model alone.
 *
 * @param seconds of market time that each trades, after the ten minutes in which it measures
 * @throws UserError `NotListed` where the paper market has no such symbol, `NothingToSimulate` where it is another exchange's
 */
export async function* simulateMakers(
  exchange: PaperExchangeConfiguration,
  symbol: string,
  models: readonly QuoteModelName[],
  terms: Omit<MakerTerms, 'model' | 'lookSeconds'>,
  seconds: number,
): AsyncGenerator<MakerResult> {
  const configuration = { ...exchange, payFeesInBnb: false, market: oneMarket(exchange.market, symbol) };
  for (const model of models) {
    const { instruments, source, startPrices } = await createMarket(configuration);
    const engine = createEngine(instruments, configuration, MOST_OPEN_ORDERS);
    const simulation = new Simulation({ engine, source, startPrices, genesisAt: 0 });
    simulation.begin();
    const lookSeconds = source.stepMs / 1_000;
    yield simulateMaker(new SimulatedMaker(simulation), { ...terms, model, lookSeconds }, seconds);
    await breathe();
  }
}

function oneMarket(market: PaperExchangeConfiguration['market'], symbol: string): PaperExchangeConfiguration['market'] {
  if (market.kind === 'mirror') {
    throw new UserError(
      'NothingToSimulate',
      'The paper market mirrors another exchange, whose prices come as they come: set paperExchange.market.kind to synthetic, or to replay with a file.',
    );
  }
  const listed = market.instruments.map((one) => one.symbol);
  if (!listed.includes(symbol)) {
    throw new UserError('NotListed', `The paper market has no ${symbol}, only ${listed.join(', ')}.`);
  }
  return market.kind === 'synthetic'
    ? { ...market, instruments: market.instruments.filter((one) => one.symbol === symbol) }
    : { ...market, instruments: market.instruments.filter((one) => one.symbol === symbol) };
}
