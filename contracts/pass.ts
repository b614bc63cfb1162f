import { z } from 'zod';

/** Header of a start or update by which a client of this installation is known. The CLI gives it as `--headers sapphire-pass=JSON`. */
export const PASS_HEADER = 'sapphire-pass';
/** Header of an activity: the pass of the update that it works for. */
export const UPDATE_PASS_HEADER = 'sapphire-update-pass';

export const passSchema = z.strictObject({
  /** `schedule`: of each workflow that a schedule of this id prefix starts. */
  kind: z.enum(['start', 'schedule', 'update']),
  /** Type of the workflow, or name of the message. */
  name: z.string().max(100),
  workflowId: z.string().max(1_000),
  /** On which the workflow is started; of starts and schedules. */
  taskQueue: z.string().max(1_000).optional(),
  /** When it was made, UTC epoch milliseconds; of starts. */
  at: z.int().optional(),
  /** SHA-256 of the arguments as JSON, in hexadecimal; of updates alone. */
  digest: z.string().max(64).optional(),
  /** HMAC-SHA256 over the fields before, in hexadecimal, under the installation's secret. */
  mac: z.string().max(64),
});
export type Pass = z.output<typeof passSchema>;
export type PassKind = Pass['kind'];

/** Activities that only halt, or only ask: they work for a latch that anybody has started, and for nobody else. */
export const openActivities: readonly string[] = ['raiseHalts', 'sweepOrders', 'readControl', 'alignSchedule'];
/** Activities that do what an update has asked for, and are held against that update's pass. */
export const updateActivities: Readonly<Record<string, string>> = { resumeTrading: 'resume' };
