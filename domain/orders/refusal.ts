/**
 * Why a plan or the fence lets something not pass, or less of it. A closed union: who decides on a code is told by the compiler when one is
 * renamed. What each says, and what its numbers are, stands in contracts/refusals.ts.
 */
export const refusalCodes = [
  'TradingHalted',
  'TradingReducing',
  'LiveDisabled',
  'StaleEpoch',
  'SnapshotStale',
  'MarketDataStale',
  'PriceMissing',
  'SymbolNotTrading',
  'NotInCycle',
  'NoQuorum',
  'CoolDown',
  'DailyLoss',
  'Drawdown',
  'DrawdownRecovered',
  'DrawdownRested',
  'SymbolExposure',
  'PortfolioShare',
  'GrossExposure',
  'ViewEnded',
  'MinHolding',
  'ReentryPause',
  'LeftOut',
  'DailyTurnover',
  'DailyFees',
  'OrderInFlight',
  'SymbolFrozen',
  'OrderRate',
  'TradeShare',
  'OrderNotional',
  'FreeCash',
  'MinQuantity',
  'MinNotional',
  'MaxQuantity',
  'CostGate',
  'MarketCollar',
  'PriceCollar',
  'IntentExists',
  'PreviousSubmissionOpen',
  'LegOver',
  'OverLeg',
  'OtherLeg',
  'NotReducing',
  'NotReserved',
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

/** A code with its numbers: where the limit stands, and what was held against it. */
export interface Refusal {
  code: RefusalCode;
  limit: string;
  value: string;
}
