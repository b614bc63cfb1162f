import { ccxtErrors } from './ccxt-binance.ts';

/** `rejected`: definitely not placed. `unknown`: it may be there. */
export interface VenueFault {
  outcome: 'rejected' | 'unknown';
  code: string;
  message: string;
}

/**
 * Codes with which Binance's matching engine or gateway answers before anything is placed. Everything else is unknown, above all -1006 and
 * -1007 (developers.binance.com, "Error codes": the status of the execution is unknown) and every 5xx.
 */
const definiteCodes = new Set([
  -1002, -1003, -1013, -1014, -1015, -1016, -1020, -1021, -1022, -1034, -1100, -1101, -1102, -1103, -1104, -1105, -1106,
  -1108, -1111, -1114, -1115, -1116, -1117, -1118, -1119, -1120, -1121, -1128, -1130, -2010, -2014, -2015, -2016,
]);

/** Under -2010 comes, among refusals, also what is no refusal: an open order has this client id already, which is then ours. */
const SENT_BEFORE = /duplicate order/i;

/** A request that the HTTP client has refused to make, as with a header that none can carry: nothing was sent, and it says nothing of the venue. */
export function isUnsendable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'UND_ERR_INVALID_ARG';
}

/** The venue's code first; ccxt's class only where the venue sent none. */
export function classifyFault(error: unknown): VenueFault {
  const message = error instanceof Error ? error.message : String(error);
  const code = venueCode(message);
  if (code !== undefined) {
    const definite = definiteCodes.has(code) && !SENT_BEFORE.test(message);
    return { outcome: definite ? 'rejected' : 'unknown', code: String(code), message };
  }
  const rejected =
    isUnsendable(error) ||
    error instanceof ccxtErrors.AuthenticationError ||
    error instanceof ccxtErrors.InsufficientFunds ||
    error instanceof ccxtErrors.InvalidOrder ||
    error instanceof ccxtErrors.OperationRejected ||
    error instanceof ccxtErrors.BadSymbol ||
    error instanceof ccxtErrors.ArgumentsRequired ||
    error instanceof ccxtErrors.RateLimitExceeded ||
    error instanceof ccxtErrors.DDoSProtection;
  return { outcome: rejected ? 'rejected' : 'unknown', code: error instanceof Error ? error.name : 'Unknown', message };
}

export function venueCode(message: string): number | undefined {
  const match = /"code"\s*:\s*(-?\d+)/.exec(message);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}
