import { z } from 'zod';
import { limitQuery } from '../../../contracts/api/answer.ts';
import {
  healthSchema,
  incidentSchema,
  incidentsSchema,
  logLevel,
  logsSchema,
  statusSchema,
} from '../../../contracts/api/system.ts';
import { healthEndpoints } from '../../../runtime/configuration/addresses.ts';
import { viewCycle } from '../../views/cycle-view.ts';
import { findIncident, listIncidents, viewIncident } from '../../views/incidents.ts';
import { isNamed, readLogs } from '../../views/logs.ts';
import { askHealth } from '../../views/services.ts';
import { viewStatus } from '../../views/status-view.ts';
import { lookAtTemporal } from '../../views/temporal-view.ts';
import { type Api, reads } from '../api.ts';
import { asking } from '../degraded.ts';
import { ApiProblem } from '../problems.ts';
import type { ApiTools } from '../tools.ts';

const tags = ['system'];
const role = 'viewer';
const DAYS_30_MS = 30 * 86_400_000;
const MOST_LINES = 2_000;

/** How all of it goes, and what went wrong. */
export function registerSystem(api: Api, tools: ApiTools): void {
  const { configuration } = tools;
  const services = () => Promise.all(healthEndpoints(configuration).map(askHealth));

  const status = async () => {
    const ask = asking(tools);
    const whole = await ask.of('journal', async () => {
      const view = await viewStatus(tools);
      return { ...view, lastCycle: view.lastCycle && viewCycle(view.lastCycle) };
    });
    const view = whole ?? (await withoutBooks());
    const temporal = view.services.find(({ name }) => name === 'temporal');
    if (temporal && !temporal.healthy) ask.note('temporal', temporal.detail);
    return ask.answer(view);
  };
  const withoutBooks = async () => {
    const [{ health, ...temporal }, others] = await Promise.all([lookAtTemporal(tools), services()]);
    return { ...temporal, services: [health, ...others] };
  };
  const statusRoute = {
    config: { role },
    schema: { tags, summary: 'What runs, how trading stands, and what is not well', response: reads(statusSchema) },
  } as const;
  api.get('/api/system-status', statusRoute, status);
  api.get('/api/v1/status', statusRoute, status);

  const health = async () => {
    const ask = asking(tools);
    const [asked, books] = await Promise.all([
      services(),
      ask.of('journal', async () => {
        const journal = await tools.journal();
        const wanted = { since: tools.now() - DAYS_30_MS, limit: 10_000 };
        const [{ figures, incidents }, lookedAt, lastSequence] = await Promise.all([
          listIncidents(journal, wanted),
          journal.incidents.lookedAt('health'),
          journal.outbox.lastSequence(),
        ]);
        const openIncidents = incidents.filter(({ recoveredAt }) => recoveredAt === undefined);
        return { figures, openIncidents, outbox: { lastSequence }, ...(lookedAt === undefined ? {} : { lookedAt }) };
      }),
    ]);
    return ask.answer({ services: asked, ...books });
  };
  const healthRoute = {
    config: { role },
    schema: { tags, summary: 'Each process, and how incidents began and ended', response: reads(healthSchema) },
  } as const;
  api.get('/api/health-metrics', healthRoute, health);
  api.get('/api/v1/health', healthRoute, health);

  api.get(
    '/api/v1/incidents',
    {
      config: { role },
      schema: {
        tags,
        summary: 'Incidents, newest first; of thirty days without since',
        querystring: z.object({ since: z.coerce.number().int().min(0).optional(), limit: limitQuery }),
        response: reads(incidentsSchema),
      },
    },
    async ({ query: { since, limit } }) => {
      const ask = asking(tools);
      const wanted = { since: since ?? tools.now() - DAYS_30_MS, limit };
      const view = await ask.of('journal', async () => listIncidents(await tools.journal(), wanted));
      return ask.answer(view ?? null);
    },
  );

  api.get(
    '/api/v1/incidents/:id',
    {
      config: { role },
      schema: {
        tags,
        summary: 'One incident: its timeline, a message, a draft of the post-mortem',
        params: z.object({ id: z.string().max(200) }),
        response: reads(incidentSchema),
      },
    },
    async ({ params: { id } }) => {
      const ask = asking(tools);
      const view = await ask.of('journal', async () => viewIncident(await findIncident(await tools.journal(), id)));
      return ask.answer(view ?? null);
    },
  );

  api.get(
    '/api/v1/logs',
    {
      // Each reads files of some megabytes.
      config: { role: 'operator', rateLimit: { max: 60, timeWindow: 60_000 } },
      schema: {
        tags,
        summary: 'What the processes of this machine logged under one id, in the order of time',
        querystring: z.object({
          correlation: z.string().min(1).max(1_000),
          level: logLevel.optional(),
        }),
        response: reads(logsSchema),
      },
    },
    async ({ query: { correlation, level } }) => {
      const ask = asking(tools);
      const found = await ask.of('logs', () => readLogs(tools.logFolder, { correlation, level }));
      if (!found) return ask.answer(null);
      if (found.length === 0 && !(await isNamed(tools.logFolder, correlation))) {
        throw new ApiProblem(404, 'NoSuchCorrelation', `No log of this machine names ${correlation}.`);
      }
      return ask.answer({ lines: found.slice(-MOST_LINES), leftOut: Math.max(0, found.length - MOST_LINES) });
    },
  );
}
