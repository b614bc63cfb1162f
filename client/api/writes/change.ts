import { z } from 'zod';
import {
  changedParticipationSchema,
  changedSettingsSchema,
  idempotencyHeaders,
  participationSchema,
  settingsSchema,
} from '../../../contracts/api/writes.ts';
import { agentIdText } from '../../../contracts/participation.ts';
import { policyText } from '../../controls/policy-settings.ts';
import { changeRisk, riskText } from '../../controls/risk-settings.ts';
import { type Api, responses } from '../api.ts';
import { needed } from '../degraded.ts';
import type { ApiTools } from '../tools.ts';
import { once } from './once.ts';

const role = 'admin';
const headers = idempotencyHeaders;

type Settings = z.output<typeof settingsSchema>['settings'];

/** As the command line is given them, so that one function reads both. */
function textsOf(settings: Settings): string[] {
  return Object.entries(settings).map(
    ([key, value]) => `${key}=${Array.isArray(value) ? value.join(',') : String(value)}`,
  );
}

/** What limits and weighs, from the next cycle on: each the same as the command of its name. */
export function registerChanges(api: Api, tools: ApiTools): void {
  const { configuration } = tools;
  const coordinator = () => needed('coordinator', tools, tools.coordinator);

  api.post(
    '/api/v1/risk',
    {
      config: { role },
      schema: {
        tags: ['account'],
        summary: 'Change limits from the next cycle on',
        headers,
        body: settingsSchema,
        response: responses(changedSettingsSchema),
      },
    },
    (request, reply) => {
      const { settings, reason } = request.body;
      const change = riskText.parse(textsOf(settings));
      return once(tools, request, reply, {
        reason,
        work: async ({ caller: { person: by, via }, requestId }) => {
          const books = await needed('journal', tools, tools.journal);
          const asked = { requestId, settings: change, by, reason, via };
          const { version, changed } = await needed('journal', tools, () => changeRisk(books, configuration, asked));
          return { version, changed };
        },
      });
    },
  );

  api.post(
    '/api/v1/policy',
    {
      config: { role },
      schema: {
        tags: ['account'],
        summary: 'Change the policy from the next cycle on',
        headers,
        body: settingsSchema,
        response: responses(changedSettingsSchema),
      },
    },
    (request, reply) => {
      const { settings, reason } = request.body;
      const change = policyText.parse(textsOf(settings));
      return once(tools, request, reply, {
        reason,
        work: async ({ caller: { person: by }, requestId }) => {
          const client = await coordinator();
          const asked = { requestId, settings: change, by, reason };
          const made = await needed('coordinator', tools, () => client.setPolicy(asked));
          return { version: made.version, changed: policyText.changed(made) };
        },
      });
    },
  );

  api.post(
    '/api/v1/agents/:id',
    {
      config: { role },
      schema: {
        tags: ['agents'],
        summary: 'Change how an agent takes part, from the next cycle on',
        headers,
        params: z.object({ id: agentIdText }),
        body: participationSchema,
        response: responses(changedParticipationSchema),
      },
    },
    (request, reply) => {
      const { reason, ...settings } = request.body;
      const { id: agentId } = request.params;
      return once(tools, request, reply, {
        reason,
        work: async ({ caller: { person: by }, requestId }) => {
          const client = await coordinator();
          const asked = { requestId, agentId, ...settings, by, reason };
          const { version, before, after } = await needed('coordinator', tools, () => client.setParticipation(asked));
          return { version, agentId, ...(before ? { before } : {}), after };
        },
      });
    },
  );
}
