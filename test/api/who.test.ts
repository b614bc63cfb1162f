import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { firebaseAuthentication } from '../../client/api/who/firebase.ts';
import { apiSchema } from '../../contracts/config/api.ts';
import { testApi } from './harness.ts';

const ME = '/api/v1/session';

describe('who asks', () => {
  it.each([
    ['nothing', ''],
    ['another token', 'Bearer another-token-of-the-same-length-00000'],
    ['a part of the token', 'Bearer a-token-of-this-test'],
    ['another scheme', 'Basic YW5uOmFubg=='],
  ])('is nobody with %s', async (_name, authorization) => {
    const { ask } = await testApi();
    const reply = await ask('GET', ME, { headers: { authorization } });
    expect([reply.statusCode, reply.json().code]).toEqual([401, 'Unauthenticated']);
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="sapphire"');
  });

  it('is refused to try again and again, while who is known is answered', async () => {
    const { ask } = await testApi();
    const nobody = async () => (await ask('GET', ME, { headers: { authorization: 'Bearer wrong' } })).statusCode;
    for (let count = 0; count < 40; count += 1) await ask('GET', ME);
    const statuses = [];
    for (let count = 0; count < 32; count += 1) statuses.push(await nobody());
    expect(statuses).toEqual([...Array.from({ length: 30 }, () => 401), 429, 429]);
    expect((await ask('GET', ME)).statusCode).toBe(200);
  });
});

describe('a session', () => {
  const nobody = { authorization: '' };
  const codeFrom = async ({ ask }: Awaited<ReturnType<typeof testApi>>, payload: object = {}): Promise<string> =>
    (await ask('POST', `${ME}/codes`, { payload })).json().code;

  it('is opened once by a code, is known by its cookie, and changes things with its own token alone', async () => {
    const test = await testApi();
    const { ask } = test;
    const code = await codeFrom(test, { role: 'operator', person: 'bob' });
    const opened = await ask('POST', ME, { payload: { code }, headers: nobody });
    expect(opened.json()).toMatchObject({ person: 'bob', role: 'operator' });
    const [cookie] = opened.cookies;
    expect(cookie).toMatchObject({ name: 'sapphire-session', httpOnly: true, sameSite: 'Strict', path: '/' });
    const again = await ask('POST', ME, { payload: { code }, headers: nobody });
    expect([again.statusCode, again.json().code]).toEqual([401, 'CodeSpent']);

    const headers = { ...nobody, cookie: `sapphire-session=${cookie?.value}` };
    const { csrfToken } = (await ask('GET', ME, { headers })).json();
    const forged = await ask('POST', `${ME}/codes`, { payload: {}, headers });
    expect([forged.statusCode, forged.json().code]).toEqual([403, 'CsrfTokenMissing']);
    const wrong = await ask('DELETE', ME, { headers: { ...headers, 'x-csrf-token': 'wrong' } });
    expect(wrong.statusCode).toBe(403);
    expect((await ask('DELETE', ME, { headers: { ...headers, 'x-csrf-token': csrfToken } })).statusCode).toBe(200);
    expect((await ask('GET', ME, { headers })).statusCode).toBe(401);
  });

  it('is never the one whose id a browser brought', async () => {
    const test = await testApi();
    const headers = { ...nobody, cookie: 'sapphire-session=chosen-by-somebody-else' };
    const opened = await test.ask('POST', ME, { payload: { code: await codeFrom(test) }, headers });
    expect(opened.statusCode).toBe(200);
    expect(opened.cookies[0]?.value).not.toBe('chosen-by-somebody-else');
    expect((await test.ask('GET', ME, { headers })).statusCode).toBe(401);
  });

  it('may do no more than whoever made its code', async () => {
    const test = await testApi();
    const code = await codeFrom(test, { role: 'viewer' });
    const opened = await test.ask('POST', ME, { payload: { code }, headers: nobody });
    const cookie = `sapphire-session=${opened.cookies[0]?.value}`;
    const headers = { ...nobody, cookie, 'x-csrf-token': opened.json().csrfToken };
    const more = await test.ask('POST', `${ME}/codes`, { payload: { role: 'admin' }, headers });
    expect([more.statusCode, more.json().code]).toEqual([403, 'RoleMissing']);
  });

  it('ends with its time, and so does a code', async () => {
    let now = 1_000_000;
    const test = await testApi({}, { now: () => now });
    const late = await codeFrom(test);
    now += 2 * 60_000;
    expect((await test.ask('POST', ME, { payload: { code: late }, headers: nobody })).statusCode).toBe(401);
    const opened = await test.ask('POST', ME, { payload: { code: await codeFrom(test) }, headers: nobody });
    const headers = { ...nobody, cookie: `sapphire-session=${opened.cookies[0]?.value}` };
    now += 12 * 3_600_000 - 1;
    expect((await test.ask('GET', ME, { headers })).statusCode).toBe(200);
    now += 1;
    expect((await test.ask('GET', ME, { headers })).statusCode).toBe(401);
  });
});

describe('an ID token of Firebase', async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const other = await generateKeyPair('RS256');
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256' }] });
  const now = 1_800_000_000;
  const claims = { auth_time: now - 60, role: 'operator', email: 'ann@example.org', email_verified: true };
  const make = (changes: object = {}, key = privateKey): Promise<string> => {
    const { alg = 'RS256', ...payload } = {
      iss: 'https://securetoken.google.com/demo',
      aud: 'demo',
      sub: 'u1',
      iat: now - 60,
      exp: now + 600,
      ...claims,
      ...changes,
    } as Record<string, unknown>;
    return new SignJWT(payload).setProtectedHeader({ alg: String(alg), kid: 'one' }).sign(key);
  };
  const identify = async (token: string) =>
    firebaseAuthentication('demo', keys, () => now * 1_000).identify({ bearer: token });

  it('says who asks, and as what', async () => {
    expect(await identify(await make())).toEqual({
      person: 'ann@example.org',
      role: 'operator',
      via: 'token:firebase/u1',
    });
    expect(await identify(await make({ email_verified: false }))).toMatchObject({ person: 'u1' });
  });

  it.each([
    ['of another project', { aud: 'other' }],
    ['of another issuer', { iss: 'https://securetoken.google.com/other' }],
    ['that has ended', { exp: now - 60 }],
    ['of nobody', { sub: '' }],
    ['without a role', { role: undefined }],
    ['of a role that is none', { role: 'king' }],
    ['of a sign-in to come', { auth_time: now + 60 }],
  ])('%s is nobody’s', async (_name, changes) => {
    expect(await identify(await make(changes))).toBeUndefined();
  });

  it('that another key signed, or none, is nobody’s', async () => {
    expect(await identify(await make({}, other.privateKey))).toBeUndefined();
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const [, payload] = (await make()).split('.');
    expect(await identify(`${part({ alg: 'none', kid: 'one' })}.${payload}.`)).toBeUndefined();
    expect(await identify('no token at all')).toBeUndefined();
  });

  it('cannot be known while Google’s keys cannot be had, which is said', async () => {
    const failing = firebaseAuthentication(
      'demo',
      async () => Promise.reject(new TypeError('fetch failed')),
      () => now * 1_000,
    );
    const { ask } = await testApi({}, { authentication: failing });
    const reply = await ask('GET', ME, { headers: { authorization: `Bearer ${await make()}` } });
    expect([reply.statusCode, reply.json().code]).toEqual([503, 'AuthenticationAway']);
  });
});

describe('where it listens', () => {
  const open = { host: '0.0.0.0', names: ['api.example.org'] };
  const production = { authentication: 'firebase', firebaseProject: 'sapphire-1234' };

  it.each([
    ['without TLS in front', { ...open, ...production }, 'tlsInFront'],
    ['with the local token', { ...open, tlsInFront: true }, 'authentication'],
    ['without a name', { host: '192.0.2.1', ...production, tlsInFront: true }, 'names'],
    ['without a project', { ...open, authentication: 'firebase', tlsInFront: true }, 'firebaseProject'],
  ])('is not beyond this machine %s', (_name, given, path) => {
    expect(apiSchema.safeParse(given).error?.issues.map((issue) => issue.path[0])).toContain(path);
  });

  it('is this machine by default, and any other with both', () => {
    expect(apiSchema.parse({})).toMatchObject({ host: '127.0.0.1', port: 8090, authentication: 'local' });
    expect(apiSchema.safeParse({ ...open, ...production, tlsInFront: true }).success).toBe(true);
  });
});
