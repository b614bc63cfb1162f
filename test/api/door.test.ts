import { describe, expect, it } from 'vitest';
import { testApi } from './harness.ts';

describe('what reaches the API', () => {
  it.each([
    ['a name that is none of ours', { host: 'evil.example' }],
    ['a page of another place', { origin: 'https://evil.example' }],
    ['a page of another port of this machine', { origin: 'http://127.0.0.1:3000' }],
    ['a page without a place', { origin: 'null' }],
    ['what a page of another place makes a browser fetch', { 'sec-fetch-site': 'cross-site' }],
    ['what a page of another port makes a browser fetch', { 'sec-fetch-site': 'same-site' }],
  ])('is refused from %s, whoever it says it is', async (_name, headers) => {
    const { ask } = await testApi();
    const reply = await ask('GET', '/api/v1/session', { headers });
    expect([reply.statusCode, reply.json()]).toMatchObject([403, { code: 'ForeignRequest', title: 'Forbidden' }]);
    expect(reply.headers['access-control-allow-origin']).toBeUndefined();
  });

  it.each([
    ['a program', {}],
    ['our own page', { origin: 'http://127.0.0.1:8090', 'sec-fetch-site': 'same-origin' }],
    ['our own page by another of our names', { host: 'localhost:8090', origin: 'http://localhost:8090' }],
    ['an address typed into a browser', { 'sec-fetch-site': 'none' }],
  ])('is taken from %s', async (_name, headers) => {
    const { ask } = await testApi();
    expect((await ask('GET', '/api/v1/session', { headers })).json()).toEqual({ person: 'ann', role: 'admin' });
  });

  it('is known by the name that somebody in front of it has, and by no other', async () => {
    const { ask } = await testApi({}, { configuration: { names: ['api.example.org'] } });
    const named = await ask('GET', '/api/v1/session', { headers: { host: 'api.example.org' } });
    expect(named.statusCode).toBe(200);
    expect((await ask('GET', '/api/v1/session', { headers: { host: 'example.org' } })).statusCode).toBe(403);
  });

  it('is told of its fault as RFC 9457 has it, under the id that it brought', async () => {
    const { ask } = await testApi();
    const reply = await ask('GET', '/api/v1/nothing', { headers: { 'x-correlation-id': 'cycle/main-1' } });
    expect(reply.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(reply.headers['x-correlation-id']).toBe('cycle%2Fmain-1');
    expect(reply.json()).toEqual({
      type: 'urn:sapphire:problem:NoSuchRoute',
      title: 'Not Found',
      status: 404,
      detail: 'There is nothing at this address.',
      code: 'NoSuchRoute',
      correlationId: 'cycle/main-1',
    });
  });

  it.each(['PUT', 'PATCH', 'OPTIONS'] as const)('takes no %s, and says what it takes', async (method) => {
    const { ask } = await testApi();
    const reply = await ask(method, '/api/v1/session');
    expect([reply.statusCode, reply.json().code]).toEqual([405, 'MethodNotAllowed']);
    expect(reply.headers['allow']).toBe('DELETE, GET, HEAD, POST');
  });

  it.each([
    ['no JSON', '{', 'application/json', 400, 'MalformedRequest'],
    ['another form', 'code=1', 'application/x-www-form-urlencoded', 415, 'UnsupportedMediaType'],
    ['text', 'code', 'text/plain', 415, 'UnsupportedMediaType'],
    ['a long body', `{"code":"${'x'.repeat(20_000)}"}`, 'application/json', 413, 'BodyTooLarge'],
    ['a prototype', '{"__proto__":{"code":"x"}}', 'application/json', 400, 'MalformedRequest'],
    ['what it does not know', '{"code":"x","more":1}', 'application/json', 400, 'InvalidInput'],
    ['nothing', '{}', 'application/json', 400, 'InvalidInput'],
  ])('is refused with %s', async (_name, payload, type, status, code) => {
    const { ask } = await testApi();
    const reply = await ask('POST', '/api/v1/session', { payload, headers: { 'content-type': type } });
    expect([reply.statusCode, reply.json().code]).toEqual([status, code]);
  });

  it('names each fault of its input with its place', async () => {
    const { ask } = await testApi();
    const reply = await ask('POST', '/api/v1/session/codes', { payload: { role: 'king', person: '' } });
    expect(reply.json().errors.map(({ at }: { at: string }) => at)).toEqual(['body.role', 'body.person']);
  });

  it('is counted by its address, and told when to come again', async () => {
    const { ask } = await testApi({}, { limit: { max: 2, timeWindow: 60_000 } });
    const statuses = [];
    for (let count = 0; count < 3; count += 1) statuses.push((await ask('GET', '/api/v1/session')).statusCode);
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await ask('GET', '/api/v1/session');
    expect(refused.json().code).toBe('TooManyRequests');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('is answered with headers that let no page embed, sniff or keep it', async () => {
    const { ask } = await testApi();
    const { headers } = await ask('GET', '/api/v1/session');
    expect(headers).toMatchObject({
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    expect(headers['strict-transport-security']).toBeUndefined();
  });

  it('is told of our own mistakes without their words, which the log has', async () => {
    const { ask, logged } = await testApi(
      {},
      {
        authentication: {
          identify: async () => {
            throw new TypeError('a secret of the house');
          },
        },
      },
    );
    const reply = await ask('GET', '/api/v1/session');
    expect([reply.statusCode, reply.json().code]).toEqual([500, 'Unexpected']);
    expect(reply.body).not.toContain('a secret of the house');
    expect(logged.join('')).toContain('a secret of the house');
  });
});

describe('what looks after the process', () => {
  it('hears whether it lives and is ready, without a name', async () => {
    const { ask } = await testApi();
    const [alive, ready] = await Promise.all(
      ['/healthz', '/readyz'].map((url) => ask('GET', url, { headers: { authorization: '' } })),
    );
    expect([alive?.statusCode, alive?.json()]).toMatchObject([200, { service: 'api', status: 'ok' }]);
    expect([ready?.statusCode, ready?.json()]).toMatchObject([
      503,
      { components: { journal: 'No journal answers here.' } },
    ]);
    expect((await ask('GET', '/metrics')).body).toContain('http_requests_total');
  });

  it('from elsewhere it hears how it goes and nothing more', async () => {
    const { ask } = await testApi({}, { configuration: { tlsInFront: true, names: ['api.example.org'] } });
    const headers = { host: 'api.example.org', 'x-forwarded-for': '203.0.113.7' };
    expect((await ask('GET', '/readyz', { headers })).json()).toEqual({ service: 'api', status: 'unhealthy' });
    expect((await ask('GET', '/metrics', { headers })).statusCode).toBe(404);
  });
});
