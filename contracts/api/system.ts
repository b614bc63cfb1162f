import { z } from 'zod';

const at = z.number().describe('UTC epoch milliseconds');

const service = z.object({
  name: z.string(),
  url: z.string(),
  healthy: z.boolean(),
  detail: z.string(),
  breakers: z.record(z.string(), z.string()).optional(),
});

const incident = z.object({
  incidentId: z.string(),
  component: z.string(),
  code: z.string(),
  severity: z.enum(['warning', 'critical']),
  detail: z.string(),
  beganAt: at,
  detectedAt: at,
  detectedBy: z.string(),
  actions: z.array(z.unknown()).describe('What was tried'),
  escalatedAt: at.optional(),
  acknowledged: z.object({ at, by: z.string() }).optional(),
  recoveredAt: at.optional(),
  recoveredBy: z.string().optional(),
});

const figures = z.object({
  detectionMs: z.number().describe('MTTD'),
  recoveryMs: z.number().describe('MTTR'),
  selfRecovered: z.number().describe('Share of the ended ones for which nobody was called'),
  ended: z.int(),
  open: z.object({ warning: z.int(), critical: z.int() }),
  escalated: z.int(),
  unacknowledged: z.int(),
});

export const scheduleSchema = z.object({
  id: z.string(),
  intervalSeconds: z.number(),
  paused: z.boolean(),
  note: z.string(),
  nextAt: z.array(at),
});

/** What needs the books is missing while they are away. */
export const statusSchema = z.object({
  services: z.array(service),
  schedule: z
    .union([scheduleSchema, z.literal('none')])
    .optional()
    .describe('Missing while Temporal does not say'),
  guards: z
    .array(
      z.object({
        workflowId: z.string(),
        symbol: z.string().optional().describe('Missing of the emergency stop'),
        answers: z.boolean(),
        detail: z.string(),
      }),
    )
    .optional()
    .describe('The emergency stop and the exits; missing while Temporal does not say'),
  control: z
    .object({
      tradingState: z.enum(['active', 'reducing', 'halted']),
      epoch: z.int().describe('What a resume shows as expectedEpoch'),
      reason: z.string(),
      changedBy: z.string(),
      changedAt: at,
      liveEnabled: z.boolean(),
    })
    .optional(),
  equity: z.string().optional(),
  profitOfDay: z.object({ amount: z.string(), fraction: z.number().optional() }).optional(),
  openOrders: z.int().optional(),
  unresolved: z.array(z.object({ symbol: z.string(), intentId: z.string(), detail: z.string() })).optional(),
  reconciliation: z.object({ at, differences: z.array(z.string()), stable: z.int() }).optional(),
  lastCycle: z.object({ id: z.string(), outcome: z.string(), summary: z.string(), startedAt: at }).optional(),
  health: figures.optional(),
  lookedAt: at.optional(),
  openIncidents: z.array(incident).optional(),
});

export const healthSchema = z.object({
  services: z.array(service),
  figures: figures.optional().describe('Of the incidents of thirty days'),
  lookedAt: at.optional().describe('When every component was last looked at'),
  openIncidents: z.array(incident).optional(),
  outbox: z.object({ lastSequence: z.int() }).optional().describe('Events that were ever told'),
});

export const incidentsSchema = z.object({ figures, incidents: z.array(incident) });

export const incidentSchema = z.object({
  incident,
  timeline: z.array(z.object({ at, what: z.string() })),
  message: z.string().describe('For stakeholders'),
  postMortem: z.string().describe('A draft, as Markdown'),
});

export const logsSchema = z.object({
  lines: z.array(
    z.object({
      at,
      process: z.string(),
      level: z.string(),
      message: z.string(),
      fields: z.record(z.string(), z.unknown()),
    }),
  ),
  leftOut: z.int().describe('Older lines than these'),
});

export const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);
