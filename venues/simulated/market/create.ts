import { historyMinutes, type PaperExchangeConfiguration } from '../../../contracts/config/paper-exchange.ts';
import { MatchingEngine } from '../engine/engine.ts';
import { createInstrument, type Instrument, type InstrumentSettings } from '../engine/instrument.ts';
import { parseUnits } from '../engine/units.ts';
import type { Market } from './source.ts';
import { SyntheticMarket } from './synthetic.ts';

export async function createMarket(configuration: PaperExchangeConfiguration): Promise<Market> {
  const { market } = configuration;
  if (market.kind === 'replay') {
    const { createReplayMarket } = await import('./replay.ts');
    return await createReplayMarket(market, instrumentsOf(market.instruments));
  }
  if (market.kind === 'mirror') {
    const { createMirrorMarket } = await import('./mirror.ts');
    return await createMirrorMarket(market);
  }
  const instruments = instrumentsOf(market.instruments);
  const startPrices = market.instruments.map(({ startPrice }) => Number(startPrice));
  return {
    instruments,
    startPrices,
    source: new SyntheticMarket(market.seed, instruments, startPrices, historyMinutes(market)),
    identity: JSON.stringify(market),
  };
}

export function createEngine(
  instruments: Instrument[],
  fees: Pick<PaperExchangeConfiguration, 'makerFeeRate' | 'takerFeeRate'> & { payFeesInBnb?: boolean },
  maxOpenOrders: number,
): MatchingEngine {
  return new MatchingEngine({
    instruments,
    makerFeeUnits: feeUnits(fees.makerFeeRate),
    takerFeeUnits: feeUnits(fees.takerFeeRate),
    payFeesInBnb: fees.payFeesInBnb ?? false,
    maxOpenOrders,
  });
}

export function instrumentsOf(settings: InstrumentSettings[]): Instrument[] {
  return settings.map((one, index) => createInstrument(one, index));
}

function feeUnits(rate: string): bigint {
  const units = parseUnits(rate);
  if (units === undefined) throw new Error(`fee rate ${rate} must be from 0 up with at most eight decimals`);
  return units;
}
