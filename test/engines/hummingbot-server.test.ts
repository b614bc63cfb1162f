import { statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engineStateSchema } from '../../contracts/hummingbot.ts';
import { hummingbotEngineToken } from '../../runtime/configuration/engines.ts';
import { startEngineServer } from '../../workers/hummingbot/server.ts';
import { temporaryFolder } from '../support/books.ts';
import { freePorts } from '../support/ports.ts';

type Headers = Record<string, string>;

const data = temporaryFolder();
const token = hummingbotEngineToken(data);
let port: number;
let restarts: number;
let fault: Error | undefined;
let close: () => void;

beforeEach(async () => {
  ({ port } = await freePorts('port'));
  restarts = 0;
  fault = undefined;
  close = await startEngineServer({
    port,
    token,
    state: () => ({ state: 'quoting', account: 'hummingbot', controllers: [] }),
    restart: async () => {
      restarts += 1;
      if (fault) throw fault;
    },
  });
});
afterEach(() => close());

/** `fetch` keeps Host and Origin to itself. */
function ask(method: string, path: string, headers: Headers = {}): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let body = '';
      response.on('data', (text: Buffer) => (body += text.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

const bearer = (value: string): Headers => ({ authorization: `Bearer ${value}` });
const pages: [string, Headers][] = [
  ['a page', { origin: 'https://evil.example' }],
  ['a page of this machine', { origin: 'http://127.0.0.1:3000' }],
  ['an image', { 'sec-fetch-site': 'cross-site' }],
  ['a name that was pointed at this machine', { host: 'evil.example:8095' }],
];

describe('the server beside Hummingbot’s engine', () => {
  it('says to any program how the engine quotes', async () => {
    for (const path of ['/state', '/healthz']) {
      const { status, body } = await ask('GET', path);
      expect(status).toBe(200);
      expect(engineStateSchema.parse(JSON.parse(body)).state).toBe('quoting');
    }
    expect((await ask('GET', '/elsewhere')).status).toBe(404);
    expect((await ask('GET', '/restart', bearer(token))).status).toBe(404);
  });

  it.each<[string, Headers]>([
    ['no token', {}],
    ['a wrong token', bearer('wrong')],
    ['half of it', bearer(token.slice(0, 24))],
    ['the token as a password', { authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` }],
  ])('restarts nothing for %s, and says where the token is', async (_name, headers) => {
    const { status, body } = await ask('POST', '/restart', headers);
    expect([status, restarts]).toEqual([401, 0]);
    expect(body).toContain('hummingbot/token of the data folder');
    expect(body).not.toContain(token);
  });

  it.each(pages)('tells and does nothing for %s, even with the token', async (_name, headers) => {
    for (const [method, path] of [
      ['POST', '/restart'],
      ['GET', '/state'],
      ['GET', '/healthz'],
      ['OPTIONS', '/restart'],
    ] as const) {
      expect((await ask(method, path, { ...headers, ...bearer(token) })).status, `${method} ${path}`).toBe(403);
    }
    expect(restarts).toBe(0);
  });

  it('restarts for whoever has the token, and says so when it could not', async () => {
    expect(await ask('POST', '/restart', bearer(token))).toMatchObject({ status: 200 });
    fault = new Error('the exchange is away');
    expect(await ask('POST', '/restart', bearer(token))).toMatchObject({
      status: 500,
      body: expect.stringContaining('the exchange is away'),
    });
    expect(restarts).toBe(2);
  });

  it('has a token that is kept, for its owner alone', () => {
    expect(token).toMatch(/^[0-9a-f]{48}$/);
    expect(hummingbotEngineToken(data)).toBe(token);
    expect(statSync(join(data, 'hummingbot', 'token')).mode & 0o777).toBe(0o600);
    expect(statSync(join(data, 'hummingbot')).mode & 0o777).toBe(0o700);
  });
});
