import { z } from 'zod';
import { symbolText } from '../decimal-text.ts';
import { agentSettingsSchema } from '../participation.ts';
import { reasonSchema } from '../text.ts';

const reason = reasonSchema.describe('Kept in the books');

/** RFC draft-ietf-httpapi-idempotency-key-header: the client's own, and no secret. */
export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string('is missing: the same key twice acts once')
    .regex(/^[!-~]{1,200}$/, 'must be 1 to 200 printable characters without blanks')
    .describe('The same key twice acts once; kept for a week'),
});

export const startCycleSchema = z.strictObject({
  symbols: z.array(symbolText).min(1).max(50).optional().describe('Of the configured ones; all without'),
});
export const startedCycleSchema = z.object({
  id: z.string().describe('By which its trail is found once it has ended'),
});

export const scheduleSwitchSchema = z.strictObject({ reason });
export const intervalSchema = z.strictObject({
  intervalSeconds: z.int().min(30).max(86_400).describe('From one cycle to the next'),
  reason,
});

export const resumeSchema = z.strictObject({
  expectedEpoch: z.int().nonnegative().describe('Of the halt that was looked at: any stop after it wins'),
  reason,
});
export const resumedSchema = z.object({ tradingState: z.string(), epoch: z.int() });

const value = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);
export const settingsSchema = z.strictObject({
  settings: z
    .record(z.string().regex(/^\w{1,50}$/), value)
    .refine((given) => Object.keys(given).length > 0, 'say what to change')
    .describe('By the keys that the read shows'),
  reason,
});
export const changedSettingsSchema = z.object({
  version: z.int(),
  changed: z.array(z.object({ key: z.string(), before: z.string(), after: z.string() })),
});

export const participationSchema = z
  .strictObject({ ...agentSettingsSchema.shape, reason })
  .refine(
    ({ reason: _reason, ...settings }) => Object.values(settings).some((setting) => setting !== undefined),
    'say what to change: enabled, role, weight, cap, group or pinned',
  );
export const changedParticipationSchema = z.object({
  version: z.int(),
  agentId: z.string(),
  before: z.unknown().optional(),
  after: z.unknown(),
});

export const acknowledgedSchema = z.object({
  incidentId: z.string(),
  acknowledged: z.object({ at: z.number(), by: z.string() }),
});

/** Whatever is sent stops; what of it keeps to this is taken. */
export const stopSchema = z.object({
  reason: z.string().optional(),
  flatten: z.boolean().optional().describe('Then sell everything that is held; for an operator'),
});

const openOrder = z.object({ symbol: z.string(), intentId: z.string() });
export const stoppedSchema = z.object({
  requestId: z.string(),
  epoch: z.int().optional(),
  fenced: z.boolean().describe('No opening order passes any more'),
  quiet: z.boolean().describe('Nothing of ours is open at the exchange, asked twice'),
  cancelled: z.array(openOrder),
  remaining: z.array(openOrder),
  flattened: z.unknown().optional(),
  note: z.string().describe('What could not be done yet'),
});
