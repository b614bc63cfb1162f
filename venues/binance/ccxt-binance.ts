import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type ccxt from 'ccxt';
import type { binance } from 'ccxt';

/**
 * ccxt's one exchange that we trade by, loaded without the hundred others: its package exports only all of them together, which costs each
 * worker 66 MB and a quarter of a second.
 */
const sources = join(dirname(createRequire(import.meta.url).resolve('ccxt')), '..', 'js', 'src');

async function load(file: string): Promise<unknown> {
  return import(pathToFileURL(join(sources, file)).href);
}

export const { default: Binance } = (await load('binance.js')) as { default: typeof binance };

type ErrorClasses = Pick<
  typeof ccxt,
  | 'AuthenticationError'
  | 'InsufficientFunds'
  | 'InvalidOrder'
  | 'OperationRejected'
  | 'BadSymbol'
  | 'ArgumentsRequired'
  | 'RateLimitExceeded'
  | 'DDoSProtection'
  | 'NetworkError'
  | 'RequestTimeout'
>;

export const ccxtErrors = (await load(join('base', 'errors.js'))) as ErrorClasses;
