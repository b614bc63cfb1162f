import { z } from 'zod';
import { scheduleSchema } from '../../../contracts/api/system.ts';
import {
  acknowledgedSchema,
  idempotencyHeaders,
  intervalSchema,
  resumedSchema,
  resumeSchema,
  scheduleSwitchSchema,
  startCycleSchema,
  startedCycleSchema,
} from '../../../contracts/api/writes.ts';
import { startCycle } from '../../controls/cycle.ts';
import { endReducing, resumeTrading } from '../../controls/resume.ts';
import { ensureSchedule, setInterval, switchSchedule, viewSchedule } from '../../controls/schedule.ts';
import { findIncident } from '../../views/incidents.ts';
import { type Api, reads, responses } from '../api.ts';
import { asking, needed } from '../degraded.ts';
import { ApiProblem } from '../problems.ts';
import type { ApiTools } from '../tools.ts';
import { once } from './once.ts';

const RESUME_MS = 45_000;
const role = 'operator';
const headers = idempotencyHeaders;

/** What an operator may do: each the same as the command of its name. */
export function registerSteering(api: Api, tools: ApiTools): void {
  const { configuration } = tools;
  const { account } = configuration;
  const temporal = () => needed('temporal', tools, tools.temporal);

  api.post(
    '/api/v1/cycles',
    {
      config: { role },
      schema: {
        tags: ['cycles'],
        summary: 'Start one cycle now',
        headers,
        body: startCycleSchema,
        response: responses(startedCycleSchema),
      },
    },
    (request, reply) => {
      const { symbols } = request.body;
      const unknown = symbols?.filter((symbol) => !configuration.symbols.includes(symbol)) ?? [];
      if (unknown.length > 0) {
        const words = `${unknown.join(', ')} is not traded here: there are ${configuration.symbols.join(', ')}.`;
        throw new ApiProblem(404, 'NoSuchSymbol', words);
      }
      return once(tools, request, reply, {
        reason: 'one cycle by hand',
        work: async ({ at }) => {
          const client = await temporal();
          const input = symbols ? { symbols } : {};
          return { id: await needed('temporal', tools, () => startCycle(client, configuration, { at, input })) };
        },
      });
    },
  );

  api.get(
    '/api/v1/schedule',
    {
      config: { role: 'viewer' },
      schema: { tags: ['schedule'], summary: 'When cycles run', response: reads(scheduleSchema) },
    },
    async () => {
      const ask = asking(tools);
      const view = await ask.of('temporal', async () => viewSchedule(await tools.temporal(), account));
      return ask.answer(view ?? null);
    },
  );

  for (const verb of ['pause', 'resume'] as const) {
    api.post(
      `/api/v1/schedule/${verb}`,
      {
        config: { role },
        schema: {
          tags: ['schedule'],
          summary: verb === 'pause' ? 'Start no new cycles; running ones go on' : 'Start cycles again',
          headers,
          body: scheduleSwitchSchema,
          response: responses(scheduleSchema),
        },
      },
      (request, reply) => {
        const { reason } = request.body;
        return once(tools, request, reply, {
          reason,
          work: async ({ caller: { person } }) => {
            const client = await temporal();
            const change = { verb, reason: `${reason} (${person})` };
            return needed('temporal', tools, () => switchSchedule(client, account, change));
          },
        });
      },
    );
  }

  api.post(
    '/api/v1/schedule',
    {
      config: { role },
      schema: {
        tags: ['schedule'],
        summary: 'Set the interval; makes the schedule where there is none',
        headers,
        body: intervalSchema,
        response: responses(scheduleSchema),
      },
    },
    (request, reply) => {
      const { intervalSeconds, reason } = request.body;
      return once(tools, request, reply, {
        reason,
        work: async () => {
          const client = await temporal();
          return needed('temporal', tools, async () => {
            await ensureSchedule(client, configuration);
            await setInterval(client, configuration, intervalSeconds);
            return viewSchedule(client, account);
          });
        },
      });
    },
  );

  api.post(
    '/api/v1/resume',
    {
      config: { role },
      schema: {
        tags: ['control'],
        summary: 'Trade again after a stop or a drawdown, unless somebody has stopped anew since',
        headers,
        body: resumeSchema,
        response: responses(resumedSchema),
      },
    },
    (request, reply) => {
      const { reason, expectedEpoch } = request.body;
      return once(tools, request, reply, {
        reason,
        work: async ({ caller: { person: by, via } }) => {
          const books = await needed('journal', tools, tools.journal);
          const { tradingState } = await needed('journal', tools, () => books.control.read(account));
          const asked = { reason, by, expectedEpoch };
          if (tradingState === 'reducing') {
            const control = await endReducing(books, account, asked, via);
            return { tradingState: control.tradingState, epoch: control.epoch };
          }
          const client = await temporal();
          const { epoch } = await needed('temporal', tools, () => resumeTrading(client, asked, RESUME_MS));
          return { tradingState: 'active', epoch };
        },
      });
    },
  );

  api.post(
    '/api/v1/incidents/:id/acknowledgement',
    {
      config: { role },
      schema: {
        tags: ['system'],
        summary: 'Say that a person looks into it: the alert of the unacknowledged ends',
        headers,
        params: z.object({ id: z.string().max(200) }),
        response: responses(acknowledgedSchema),
      },
    },
    (request, reply) => {
      const { id: incidentId } = request.params;
      return once(tools, request, reply, {
        reason: `looks into ${incidentId}`,
        work: async ({ caller: { person: by } }) => {
          const books = await needed('journal', tools, tools.journal);
          await findIncident(books, incidentId);
          const seen = await needed('journal', tools, () => books.incidents.acknowledge({ incidentId, by }));
          const { acknowledged } = seen ?? {};
          if (!acknowledged) throw new ApiProblem(409, 'IncidentOver', `${incidentId} is over already.`);
          return { incidentId, acknowledged };
        },
      });
    },
  );
}
