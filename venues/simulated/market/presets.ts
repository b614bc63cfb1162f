import { decimal, text } from '../../../domain/money/money.ts';
import type { InstrumentSettings } from '../engine/instrument.ts';

export interface PricedSettings extends InstrumentSettings {
  startPrice: string;
}

/** Near what one cost in dollars in 2025. No price of the synthetic market is more than a beginning. */
const prices: Readonly<Record<string, string>> = {
  BTC: '60000',
  ETH: '3000',
  SOL: '150',
  BNB: '600',
  XRP: '2',
  ADA: '0.7',
  DOGE: '0.2',
  TRX: '0.25',
  AVAX: '25',
  DOT: '4.5',
  LINK: '15',
  LTC: '90',
  BCH: '400',
  UNI: '8',
  ATOM: '5',
  XLM: '0.3',
  ETC: '20',
  FIL: '3',
  NEAR: '3',
  APT: '6',
  ARB: '0.4',
  OP: '0.8',
  SUI: '3',
  INJ: '12',
  AAVE: '200',
  MKR: '1500',
  ALGO: '0.2',
  VET: '0.03',
  ICP: '6',
  HBAR: '0.18',
  SAND: '0.3',
  MANA: '0.3',
  AXS: '3',
  GRT: '0.1',
  EGLD: '15',
  THETA: '0.8',
  XTZ: '0.7',
  EOS: '0.7',
  FLOW: '0.4',
  CHZ: '0.04',
  CRV: '0.6',
  LDO: '0.9',
  SNX: '0.7',
  COMP: '45',
  ZEC: '40',
  DASH: '22',
  RUNE: '1.5',
  STX: '0.7',
  IMX: '0.6',
  TIA: '2.5',
  SEI: '0.2',
  FET: '0.7',
  PEPE: '0.00001',
  SHIB: '0.00001',
  TON: '3',
  WIF: '0.7',
  JUP: '0.5',
  PYTH: '0.15',
  ENS: '20',
  KAVA: '0.45',
  GALA: '0.02',
  QNT: '100',
};

const DOLLARS = ['USDT', 'USDC', 'FDUSD', 'USD'];
/** A tick is about so much of the price, a step worth about so much of the quote currency. */
const TICK = '0.00002';
const STEP_WORTH = '0.5';
const LEAST = '0.00000001';

/** The listed instruments, and after them each wanted symbol of a known asset against a dollar that is not among them. Any other is not listed. */
export function withPresets(listed: readonly PricedSettings[], wanted: readonly string[]): PricedSettings[] {
  const missing = wanted.filter((symbol) => listed.every((one) => one.symbol !== symbol));
  return [...listed, ...missing.flatMap(presetOf)];
}

/** Of every known asset against one of the dollars. */
export function presetSymbols(quote: string): string[] {
  return Object.keys(prices).map((base) => `${base}/${quote}`);
}

function presetOf(symbol: string): PricedSettings[] {
  const [base = '', quote = ''] = symbol.split('/');
  const startPrice = DOLLARS.includes(quote) ? prices[base] : undefined;
  if (startPrice === undefined) return [];
  const tick = powerOfTen(decimal(startPrice).times(TICK).toNumber());
  let step = powerOfTen(decimal(STEP_WORTH).div(startPrice).toNumber());
  while (!tick.times(step).div(LEAST).isInteger()) step = step.times(10);
  return [{ symbol, tickSize: text(tick), stepSize: text(step), minNotional: '5', startPrice }];
}

/** The one at or below, and no finer than money is counted. */
function powerOfTen(value: number) {
  return decimal(10).pow(Math.max(-8, Math.floor(Math.log10(value) + 1e-9)));
}
