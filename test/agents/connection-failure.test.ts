import { describe, expect, it } from 'vitest';
import { connectionFault } from '../../trading/agents/connection-failure.ts';

/** As `fetch` and the SDKs around it hide it. */
function hidden(code: string): Error {
  const cause = Object.assign(new Error(`getaddrinfo ${code} api.example.com`), { code });
  return new Error('Connection error.', { cause: new TypeError('fetch failed', { cause }) });
}

describe('a connection that failed', () => {
  it.each([
    ['EAI_AGAIN', 'no name server answers: EAI_AGAIN'],
    ['ENOTFOUND', 'its name is not known: ENOTFOUND'],
    ['ECONNREFUSED', 'nothing listens there: ECONNREFUSED'],
    ['UND_ERR_CONNECT_TIMEOUT', 'nothing answers there: UND_ERR_CONNECT_TIMEOUT'],
    ['CERT_HAS_EXPIRED', 'its certificate is not accepted: CERT_HAS_EXPIRED'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its certificate is not accepted: DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'its certificate is not accepted: UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is not accepted: ERR_TLS_CERT_ALTNAME_INVALID'],
    ['EPROTO', 'EPROTO'],
  ])('by %s says so', (code, said) => expect(connectionFault(hidden(code))).toBe(said));

  it('at each of several addresses says why at the first', () => {
    const tried = ['ECONNREFUSED', 'ENETUNREACH'].map((code) => Object.assign(new Error(code), { code }));
    expect(connectionFault(new TypeError('fetch failed', { cause: new AggregateError(tried) }))).toBe(
      'nothing listens there: ECONNREFUSED',
    );
  });

  it('tells no words of an error, and no code that is none', () => {
    const cause = Object.assign(new Error('Bearer sk-secret'), { code: 'sk-secret' });
    expect(connectionFault(new TypeError('fetch failed', { cause }))).toBeUndefined();
    expect(connectionFault('fetch failed')).toBeUndefined();
  });

  it('ends in a circle of causes', () => {
    const error = new Error('one');
    error.cause = error;
    expect(connectionFault(error)).toBeUndefined();
  });

  it('is told of a real name that does not exist', async () => {
    const error: unknown = await fetch('http://nothing.invalid/').catch((failure: unknown) => failure);
    expect(connectionFault(error)).toMatch(/^(its name is not known: ENOTFOUND|no name server answers: EAI_AGAIN)$/);
  });
});
