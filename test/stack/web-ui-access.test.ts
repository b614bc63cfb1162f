import { describe, expect, it } from 'vitest';
import { accessTo, COOKIE, sessionOf } from '../../client/stack/web-ui/access.ts';

const token = 'token-of-the-web-ui';
const names = ['10.1.2.3'];

describe('on paper the Web UI', () => {
  const access = (host: string | undefined, origin?: string, url = '/') =>
    accessTo({ url, headers: { ...(host === undefined ? {} : { host }), ...(origin ? { origin } : {}) } }, { names });

  it.each(['127.0.0.1:8233', 'localhost:8233', 'LOCALHOST', '[::1]:8233', '127.0.0.2:1', '10.1.2.3:8233'])(
    'is open under %s',
    (host) => {
      expect(access(host)).toEqual({ kind: 'pass' });
      expect(access(host, `http://${host}`)).toEqual({ kind: 'pass' });
    },
  );

  it.each([
    'evil.example:8233',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil.example:127.0.0.1',
    '127.0.0.1@evil.example',
    '127.0.0.1:8233, evil.example',
    '10.1.2.4',
    '',
    undefined,
  ])('is closed under %s', (host) => expect(access(host)).toMatchObject({ kind: 'refuse', status: 403 }));

  it.each(['http://evil.example', 'null', 'http://127.0.0.1.evil.example:8233', 'file://', 'http://a@127.0.0.1'])(
    'is closed to a page of %s',
    (origin) => expect(access('127.0.0.1:8233', origin)).toMatchObject({ kind: 'refuse', status: 403 }),
  );

  it('takes no address in place of a path', () => {
    expect(access('127.0.0.1', undefined, 'http://evil.example/')).toMatchObject({ kind: 'refuse', status: 400 });
  });
});

describe('with real money the Web UI', () => {
  const access = (url: string, cookie?: string, host = '127.0.0.1:8233') =>
    accessTo({ url, headers: { host, ...(cookie === undefined ? {} : { cookie }) } }, { names, token });

  it.each([
    ['without a token', '/', undefined],
    ['with another token', '/?token=another', undefined],
    ['with an empty token', '/?token=', undefined],
    ['with another cookie', '/', `${COOKIE}=${sessionOf('another')}`],
    ['with the token itself as a cookie', '/', `${COOKIE}=${token}`],
    ['to its API', '/api/v1/namespaces', undefined],
  ])('is closed %s', (_, url, cookie) => expect(access(url, cookie)).toMatchObject({ kind: 'refuse', status: 401 }));

  it('takes the token once, leaves a cookie that no script can read, and leads to the same page without it', () => {
    const login = access(`/namespaces/sapphire/workflows?query=x&token=${token}`);
    expect(login).toEqual({
      kind: 'login',
      location: '/namespaces/sapphire/workflows?query=x',
      cookie: `${COOKIE}=${sessionOf(token)}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict`,
    });
    expect(access('/', `_csrf=1; ${COOKIE}=${sessionOf(token)}`)).toEqual({ kind: 'pass' });
  });

  it.each(['//evil.example/', '///evil.example/', '/\\evil.example/'])(
    'leads with its login nowhere else: %s',
    (path) => {
      const login = access(`${path}?token=${token}`);
      const location = login.kind === 'login' ? login.location : '';
      expect(new URL(location, 'http://127.0.0.1:8233').host).toBe('127.0.0.1:8233');
    },
  );

  it('is closed to a foreign name, whatever it brings', () => {
    expect(access('/', `${COOKIE}=${sessionOf(token)}`, 'evil.example')).toMatchObject({ status: 403 });
    expect(access(`/?token=${token}`, undefined, 'evil.example')).toMatchObject({ status: 403 });
  });
});
