import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ApiRole, apiRoles, mayAs } from '../../contracts/api/roles.ts';
import { testApi } from './harness.ts';

const paths = z.object({ paths: z.record(z.string(), z.record(z.string(), z.looseObject({ 'x-role': z.string() }))) });

/** Who may what, as people were told: a route that is new, or moves, has to be written down here. */
const table: Readonly<Record<string, ApiRole | 'anybody'>> = {
  'POST /api/v1/stop': 'anybody',
  'POST /api/v1/session': 'anybody',
  'GET /api/v1/session': 'viewer',
  'DELETE /api/v1/session': 'viewer',
  'POST /api/v1/session/codes': 'viewer',
  'GET /api/system-status': 'viewer',
  'GET /api/v1/status': 'viewer',
  'GET /api/health-metrics': 'viewer',
  'GET /api/v1/health': 'viewer',
  'GET /api/v1/incidents': 'viewer',
  'GET /api/v1/incidents/{id}': 'viewer',
  'GET /api/v1/logs': 'operator',
  'GET /api/v1/portfolio': 'viewer',
  'GET /api/v1/positions': 'viewer',
  'GET /api/v1/orders': 'viewer',
  'GET /api/v1/fills': 'viewer',
  'GET /api/v1/trades': 'viewer',
  'GET /api/v1/risk': 'viewer',
  'GET /api/v1/policy': 'viewer',
  'GET /api/v1/candles': 'viewer',
  'GET /api/v1/cycles': 'viewer',
  'GET /api/v1/cycles/{id}': 'viewer',
  'GET /api/v1/agents': 'viewer',
  'GET /api/v1/agents/scores': 'viewer',
  'GET /api/v1/agents/weights': 'viewer',
  'GET /api/v1/agents/costs': 'viewer',
  'GET /api/v1/reports': 'viewer',
  'GET /api/v1/reports/{name}': 'viewer',
  'GET /api/v1/schedule': 'viewer',
  'POST /api/v1/cycles': 'operator',
  'POST /api/v1/schedule': 'operator',
  'POST /api/v1/schedule/pause': 'operator',
  'POST /api/v1/schedule/resume': 'operator',
  'POST /api/v1/resume': 'operator',
  'POST /api/v1/incidents/{id}/acknowledgement': 'operator',
  'POST /api/v1/risk': 'admin',
  'POST /api/v1/policy': 'admin',
  'POST /api/v1/agents/{id}': 'admin',
};

it('every route says who may ask, as it is written down', async () => {
  const { ask } = await testApi();
  const { paths: known } = paths.parse((await ask('GET', '/api/v1/openapi.json')).json());
  const found = Object.entries(known).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { 'x-role': role }]) => [`${method.toUpperCase()} ${path}`, role]),
  );
  expect(Object.fromEntries(found)).toEqual(table);
});

describe.each([undefined, ...apiRoles])('a token of %s', (role) => {
  it.each(Object.entries(table))('may %s where that is for %s', async (route, needed) => {
    const authentication = {
      identify: async () => (role === undefined ? undefined : ({ person: 'ann', role, via: 'token:api' } as const)),
    };
    const { ask } = await testApi({}, { authentication });
    const [method, path] = route.split(' ') as ['GET' | 'POST' | 'DELETE', string];
    const url = path.replaceAll(/\{\w+\}/g, 'one');
    const reply = await ask(method, url, method === 'POST' ? { payload: {} } : {});
    const expected =
      needed === 'anybody' ? undefined : role === undefined ? 401 : mayAs(role, needed) ? undefined : 403;
    if (expected === undefined)
      expect(['Unauthenticated', 'RoleMissing']).not.toContain(reply.body && reply.json().code);
    else expect(reply.statusCode).toBe(expected);
  });
});
