import { paperExchangeSchema } from '../../contracts/config/paper-exchange.ts';
import type { TradingPort } from '../../venues/port.ts';
import { parseUnits } from '../../venues/simulated/engine/units.ts';
import { createEngine, createMarket } from '../../venues/simulated/market/create.ts';
import { Simulation } from '../../venues/simulated/market/simulation.ts';
import { createSimulatedTrading } from '../../venues/simulated/trading.ts';

const ACCOUNT = 1;
const MOST_OPEN_ORDERS = 200;
/** A book on both sides needs some steps of the background flow. */
const FIRST_STEPS = 100;

export interface SimulatedVenue {
  trading: TradingPort;
  simulation: Simulation;
}

/** The same market each time, with one account that holds so much. */
export async function simulatedVenue(
  balances: Record<string, string> = { USDT: '10000' },
  now: () => number = Date.now,
): Promise<SimulatedVenue> {
  const configuration = paperExchangeSchema.parse({});
  const { makerFeeRate, takerFeeRate } = configuration;
  const { instruments, startPrices, source } = await createMarket(configuration);
  const engine = createEngine(instruments, configuration, MOST_OPEN_ORDERS);
  const simulation = new Simulation({ engine, source, startPrices, genesisAt: 0 });
  simulation.begin();
  for (let step = 0; step < FIRST_STEPS; step += 1) simulation.advance();
  for (const [asset, amount] of Object.entries(balances)) {
    simulation.apply({ kind: 'deposit', at: 0, account: ACCOUNT, asset, units: parseUnits(amount) ?? 0n });
  }
  const fees = { makerFeeRate, takerFeeRate };
  return { simulation, trading: createSimulatedTrading({ venue: 'binance', simulation, account: ACCOUNT, fees, now }) };
}
