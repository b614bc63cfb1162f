import { describe, expect, it } from 'vitest';
import { ccxtErrors } from '../../venues/binance/ccxt-binance.ts';
import { classifyFault, venueCode } from '../../venues/binance/classify.ts';

const said = (code: number, msg = 'words') => new Error(`binance {"code":${code},"msg":"${msg}"}`);

describe('what became of an order that was answered by an error', () => {
  it.each([
    // definite: refused before anything was placed
    [said(-1021, 'Timestamp for this request is outside of the recvWindow.'), 'rejected', '-1021'],
    [said(-1003), 'rejected', '-1003'],
    [said(-1013, 'Filter failure: LOT_SIZE'), 'rejected', '-1013'],
    [said(-2010, 'Account has insufficient balance for requested action.'), 'rejected', '-2010'],
    [said(-2015), 'rejected', '-2015'],
    // an open order has this client id: it was placed before
    [said(-2010, 'Duplicate order sent.'), 'unknown', '-2010'],
    // Binance: the status of the execution is unknown
    [said(-1000), 'unknown', '-1000'],
    [said(-1001), 'unknown', '-1001'],
    [said(-1006), 'unknown', '-1006'],
    [said(-1007), 'unknown', '-1007'],
    [said(-9999), 'unknown', '-9999'],
    // no code: ccxt's class decides, and what it cannot say is unknown
    [new ccxtErrors.InsufficientFunds('no'), 'rejected', 'InsufficientFunds'],
    [new ccxtErrors.RateLimitExceeded('429'), 'rejected', 'RateLimitExceeded'],
    [new ccxtErrors.DDoSProtection('418'), 'rejected', 'DDoSProtection'],
    // the HTTP client has not sent it
    [Object.assign(new Error('invalid header'), { code: 'UND_ERR_INVALID_ARG' }), 'rejected', 'Error'],
    [Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }), 'unknown', 'Error'],
    [new Error('socket hang up'), 'unknown', 'Error'],
    ['a text', 'unknown', 'Unknown'],
    // the venue's code comes before the class that ccxt gave it
    [new ccxtErrors.InvalidOrder('binance {"code":-1007,"msg":"Timeout waiting for response"}'), 'unknown', '-1007'],
  ])('%s is %s', (error, outcome, code) => expect(classifyFault(error)).toMatchObject({ outcome, code }));

  it.each([
    ['binance {"code":-2013,"msg":"Order does not exist."}', -2013],
    ['binance { "code" : 200 }', 200],
    ['binance 502 Bad Gateway', undefined],
  ])('reads the code of %s', (message, code) => expect(venueCode(message)).toBe(code));
});
