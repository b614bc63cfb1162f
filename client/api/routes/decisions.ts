import { z } from 'zod';
import { limitQuery, pageSchema } from '../../../contracts/api/answer.ts';
import { cursorSchema, cursorText } from '../../../contracts/api/cursor.ts';
import {
  agentsSchema,
  costsSchema,
  listedCycleSchema,
  reportListSchema,
  reportSchema,
  trailSchema,
  weightsSchema,
} from '../../../contracts/api/decisions.ts';
import { cycleIdText } from '../../../contracts/ids.ts';
import { agentScoreSchema } from '../../../contracts/scores.ts';
import { reports } from '../../../stores/warehouse/reports/index.ts';
import { viewAgents, viewModelCosts, weightsOver } from '../../views/agents-view.ts';
import { pageCycles } from '../../views/cycle-pages.ts';
import { describeTrail } from '../../views/cycle-trail.ts';
import { viewCycle } from '../../views/cycle-view.ts';
import { findCycle, listCycles, type PastCycles } from '../../views/past-cycles.ts';
import { viewReport } from '../../views/report-view.ts';
import { type Api, reads } from '../api.ts';
import { asking } from '../degraded.ts';
import { ApiProblem } from '../problems.ts';
import type { ApiTools } from '../tools.ts';

const DAY_MS = 86_400_000;
/** Of the books and, behind them, the warehouse. */
const BOTH_MS = 30_000;
const role = 'viewer';
const moment = z.coerce.number().int().min(0).describe('UTC epoch milliseconds');

/** What was decided, by whom, and what came of it. */
export function registerDecisions(api: Api, tools: ApiTools): void {
  const { configuration } = tools;
  const { account } = configuration;
  const past = async (): Promise<PastCycles> => ({
    journal: await tools.journal(),
    warehouse: async () => (await tools.warehouse()).warehouse,
  });

  api.get(
    '/api/v1/cycles',
    {
      config: { role },
      schema: {
        tags: ['cycles'],
        summary: 'Cycles, newest first, of whatever age',
        querystring: z.object({
          limit: limitQuery,
          cursor: cursorSchema.optional().describe('`next` of the page before'),
        }),
        response: reads(pageSchema(listedCycleSchema)),
      },
    },
    async ({ query: { limit, cursor: before } }) => {
      const ask = asking(tools);
      const page = await ask.of(
        'journal',
        async () =>
          pageCycles(await tools.journal(), account, { before, limit }, (within) =>
            ask.of('warehouse', async () => listCycles(await past(), account, within)),
          ),
        BOTH_MS,
      );
      if (!page) return ask.answer(null);
      const items = page.items.map(({ record, source }) => ({ ...viewCycle(record), source }));
      return ask.answer({ items, ...(page.next ? { next: cursorText(page.next) } : {}) });
    },
  );

  api.get(
    '/api/v1/cycles/:id',
    {
      config: { role },
      schema: {
        tags: ['cycles'],
        summary: 'The whole trail of one cycle',
        params: z.object({ id: cycleIdText }),
        response: reads(trailSchema),
      },
    },
    async ({ params: { id } }) => {
      const ask = asking(tools);
      const found = await ask.of(
        'journal',
        async () => {
          const { journal, warehouse } = await past();
          const here = await journal.cycles.find(id);
          if (here) return { record: here, source: 'journal' as const };
          return (await ask.of('warehouse', () => findCycle({ journal, warehouse }, id))) ?? null;
        },
        BOTH_MS,
      );
      if (!found) return ask.answer(null);
      const { record, source } = found;
      return ask.answer({ ...record, source, text: describeTrail(record) });
    },
  );

  api.get(
    '/api/v1/agents',
    {
      config: { role },
      schema: {
        tags: ['agents'],
        summary: 'Each agent: how it takes part, and its last answer',
        response: reads(agentsSchema),
      },
    },
    async () => {
      const ask = asking(tools);
      const view = await ask.of('journal', async () => viewAgents(configuration, await tools.journal()));
      return ask.answer(view ?? null);
    },
  );

  api.get(
    '/api/v1/agents/scores',
    {
      config: { role },
      schema: {
        tags: ['agents'],
        summary: 'What the signals of each agent turned out to be worth',
        response: reads(z.array(agentScoreSchema)),
      },
    },
    async () => {
      const ask = asking(tools);
      const scores = await ask.of('journal', async () => (await tools.journal()).scores.read(account));
      return ask.answer(scores ?? null);
    },
  );

  api.get(
    '/api/v1/agents/weights',
    {
      config: { role },
      schema: {
        tags: ['agents'],
        summary: 'What each agent carried in the last cycles, newest first',
        querystring: z.object({ limit: limitQuery.describe('Cycles') }),
        response: reads(weightsSchema),
      },
    },
    async ({ query: { limit } }) => {
      const ask = asking(tools);
      const cycles = await ask.of('journal', async () => (await tools.journal()).cycles.list(account, limit));
      return ask.answer(cycles ? weightsOver(cycles) : null);
    },
  );

  api.get(
    '/api/v1/agents/costs',
    {
      config: { role },
      schema: {
        tags: ['agents'],
        summary: 'What language models cost; of a day without since',
        querystring: z.object({ since: moment.optional() }),
        response: reads(costsSchema),
      },
    },
    async ({ query: { since } }) => {
      const ask = asking(tools);
      const from = since ?? tools.now() - DAY_MS;
      const view = await ask.of('journal', async () => viewModelCosts(await tools.journal(), from));
      return ask.answer(view ?? null);
    },
  );

  api.get(
    '/api/v1/reports',
    {
      config: { role },
      schema: {
        tags: ['reports'],
        summary: 'Every report, with what its figures mean',
        response: reads(reportListSchema),
      },
    },
    async () =>
      asking(tools).answer(
        reports.map(({ name, title, description, columns }) => ({
          name,
          title,
          description,
          columns: columns.map((column) => ({ ...column })),
        })),
      ),
  );

  api.get(
    '/api/v1/reports/:name',
    {
      config: { role },
      schema: {
        tags: ['reports'],
        summary: 'One report, of thirty days without a time',
        params: z.object({ name: z.string().max(100) }),
        querystring: z.object({
          from: moment.optional(),
          to: moment.optional().describe('The first moment of the last day, UTC'),
          days: z.coerce.number().int().min(1).max(3_650).default(30),
        }),
        response: reads(reportSchema),
      },
    },
    async ({ params: { name }, query }) => {
      const report = reports.find((each) => each.name === name);
      if (!report) {
        const names = reports.map((each) => each.name).join(', ');
        throw new ApiProblem(404, 'NoSuchReport', `There is no report "${name}". There are ${names}.`);
      }
      const ask = asking(tools);
      const view = await ask.of('warehouse', async () => viewReport(await tools.warehouse(), report, query));
      return ask.answer(view ?? null);
    },
  );
}
