import { isDeepStrictEqual } from 'node:util';
import { historyMinutes, type PaperExchangeConfiguration } from '../../../contracts/config/paper-exchange.ts';
import { MatchingEngine } from '../engine/engine.ts';
import { createInstrument, type Instrument, type InstrumentSettings } from '../engine/instrument.ts';
import { parseUnits } from '../engine/units.ts';
import { withPresets } from './presets.ts';
import type { Market } from './source.ts';
import { SyntheticMarket } from './synthetic.ts';

export interface MarketNeeds {
  /** That somebody wants to trade. */
  symbols: readonly string[];
  /** The identity of the market that the database was made for. */
  stored?: string | undefined;
  tell?: (progress: string) => void;
}

/** What was made before stands first, in its order: prices and quantities are kept by place, in ticks and steps. */
export async function createMarket(
  { market }: Pick<PaperExchangeConfiguration, 'market'>,
  { symbols, stored, tell }: MarketNeeds = { symbols: [] },
): Promise<Market> {
  if (market.kind === 'replay') {
    const { createReplayMarket } = await import('./replay.ts');
    return await createReplayMarket(market, instrumentsOf(market.instruments));
  }
  if (market.kind === 'mirror') {
    const { createMirrorMarket, mirroredTermsSchema } = await import('./mirror/create.ts');
    const known = mirroredTermsSchema.parse(storedInstruments(stored, market.kind));
    return await createMirrorMarket({ ...market, symbols: market.symbols ?? [...symbols] }, known, tell);
  }
  const settings = continued(storedInstruments(stored, market.kind), withPresets(market.instruments, symbols));
  const instruments = instrumentsOf(settings);
  const startPrices = settings.map(({ startPrice }) => Number(startPrice));
  return {
    instruments,
    startPrices,
    source: new SyntheticMarket(market.seed, instruments, startPrices, historyMinutes(market)),
    identity: JSON.stringify({ ...market, instruments: settings }),
  };
}

/** Whether a market goes on with what was stored for another text: the same in everything, with more instruments after those that there were. */
export function goesOn(stored: string, identity: string): boolean {
  if (stored === identity) return true;
  const [{ instruments: before = [], ...was }, { instruments: now = [], ...is }] = [
    marketIn(stored),
    marketIn(identity),
  ];
  return is.kind !== 'replay' && isDeepStrictEqual(was, is) && isDeepStrictEqual(before, now.slice(0, before.length));
}

function marketIn(identity: string): { kind?: unknown; instruments?: unknown[] } {
  return JSON.parse(identity) as { kind?: unknown; instruments?: unknown[] };
}

function storedInstruments(stored: string | undefined, kind: string): unknown[] {
  const was = stored === undefined ? {} : marketIn(stored);
  return was.kind === kind ? (was.instruments ?? []) : [];
}

/** Those that were stored in their order, each as it is wanted now, so that other terms show; what is no longer wanted stays as it was. */
function continued<Settings extends InstrumentSettings>(stored: readonly unknown[], wanted: Settings[]): Settings[] {
  const before = (stored as Settings[]).map((was) => wanted.find(({ symbol }) => symbol === was.symbol) ?? was);
  return [...before, ...wanted.filter(({ symbol }) => before.every((was) => was.symbol !== symbol))];
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
