import { z } from 'zod';
import { type Incident } from '../domain/health/health.ts';
import { type ConditionCode, conditions, recoveryActions } from '../domain/health/health-conditions.ts';

const codes = Object.keys(conditions) as [ConditionCode, ...ConditionCode[]];
const action = z.enum(recoveryActions);

/** As it stands in the journal. */
export const incidentSchema: z.ZodType<Incident> = z.object({
  incidentId: z.string(),
  component: z.string(),
  code: z.enum(codes),
  severity: z.enum(['warning', 'critical']),
  detail: z.string(),
  beganAt: z.number(),
  detectedAt: z.number(),
  detectedBy: z.enum(['health', 'reconcile', 'supervisor']),
  looks: z.int(),
  actions: z.array(
    z.object({
      action,
      startedAt: z.number(),
      endedAt: z.number().optional(),
      outcome: z.enum(['done', 'failed']).optional(),
      detail: z.string(),
    }),
  ),
  escalatedAt: z.number().optional(),
  acknowledged: z.object({ at: z.number(), by: z.string() }).optional(),
  recoveredAt: z.number().optional(),
  recoveredBy: z.union([action, z.enum(['itself', 'person'])]).optional(),
});
