import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { afterEach } from 'vitest';
import { z } from 'zod';
import type { Api } from '../../client/api/api.ts';
import { createApi } from '../../client/api/app.ts';
import type { ApiOptions } from '../../client/api/options.ts';
import type { ApiTools } from '../../client/api/tools.ts';
import type { Authentication } from '../../client/api/who/caller.ts';
import { localAuthentication } from '../../client/api/who/local.ts';
import { createSessions, type Sessions } from '../../client/api/who/sessions.ts';
import { PROBLEM_TYPE, problemSchema } from '../../contracts/api/problem.ts';
import { apiSchema } from '../../contracts/config/api.ts';
import { configurationSchema } from '../../contracts/config/schema.ts';
import { createLogger } from '../../runtime/telemetry/logger.ts';

export const TOKEN = 'a-token-of-this-test-alone-0123456789';

export const away = (part: string) => async (): Promise<never> => {
  throw new Error(`No ${part} answers here.`);
};

export interface TestApi {
  api: Api;
  sessions: Sessions;
  /** What was logged, a line each. */
  logged: string[];
  /** Asks as the program that has the token, unless the headers say otherwise; every answer is held against the route's schema. */
  ask(method: InjectOptions['method'], url: string, more?: Partial<InjectOptions>): Promise<LightMyRequestResponse>;
}

const opened: Api[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((api) => api.close()));
});

export async function testApi(
  tools: Partial<ApiTools> = {},
  more: Partial<Pick<ApiOptions, 'limit' | 'authentication'>> & {
    configuration?: object;
    now?: () => number;
    sessions?: false;
  } = {},
): Promise<TestApi> {
  const sessions = createSessions(more.now);
  const authentication: Authentication = more.authentication ?? localAuthentication(TOKEN, 'ann', sessions);
  const logged: string[] = [];
  const api = await createApi({
    tools: {
      configuration: configurationSchema.parse({}),
      journal: away('journal'),
      temporal: away('Temporal'),
      warehouse: away('warehouse'),
      market: away('market buffer'),
      coordinator: away('coordinator'),
      logFolder: mkdtempSync(join(tmpdir(), 'sapphire-test-')),
      now: Date.now,
      logger: createLogger({
        process: 'api',
        level: 'debug',
        destination: { write: (line) => void logged.push(line) },
      }),
      ...tools,
    },
    configuration: apiSchema.parse(more.configuration ?? {}),
    authentication,
    sessions: more.sessions === false ? undefined : sessions,
    ...(more.limit ? { limit: more.limit } : {}),
  });
  const faults = faultsOfAnswers(api);
  await api.ready();
  opened.push(api);
  return {
    api,
    sessions,
    logged,
    async ask(method, url, { headers, ...others } = {}) {
      const reply = await api.inject({
        method: method ?? 'GET',
        url,
        headers: { host: '127.0.0.1:8090', authorization: `Bearer ${TOKEN}`, ...headers },
        ...others,
      });
      if (faults.length > 0) throw new Error(faults.splice(0).join('\n'));
      return reply;
    },
  };
}

/** Holds each answer against what the document says of its route. */
function faultsOfAnswers(api: Api): string[] {
  const faults: string[] = [];
  api.addHook('onSend', async ({ url, method, routeOptions }, reply, payload) => {
    const told = `${method} ${url} answered ${reply.statusCode}`;
    if (typeof payload !== 'string' || !url.startsWith('/api/v1')) return;
    if (reply.statusCode >= 400) {
      const isProblem = String(reply.getHeader('content-type')).startsWith(PROBLEM_TYPE);
      const { data } = isProblem ? problemSchema.safeParse(JSON.parse(payload)) : {};
      if (data?.status !== reply.statusCode) faults.push(`${told} with what is no problem: ${payload}`);
      return;
    }
    const { data: documented } = documentedSchema.safeParse(routeOptions.schema);
    const { error } = documented?.response[200].safeParse(JSON.parse(payload)) ?? {};
    if (error) faults.push(`${told} with another form than it says: ${z.prettifyError(error)}`);
  });
  return faults;
}

const documentedSchema = z.object({ response: z.object({ 200: z.instanceof(z.ZodType) }) });
