import { z } from 'zod';
import { symbolText } from './decimal-text.ts';
import { cycleIdText } from './ids.ts';
import { agentIdText, participationChangeSchema } from './participation.ts';
import { rebuiltBy, signalShape } from './signals.ts';
import { MAX_SNAPSHOT_SYMBOLS } from './snapshot.ts';

const {
  kind: _kind,
  agentId: _agentId,
  rebuilt: _rebuilt,
  formedAt: _formedAt,
  validUntilAt,
  ...viewShape
} = signalShape;

/** Input of the coordinator's tool `submit_signal`: repeat-safe by request id. Whose signal it is says the token. */
export const signalSubmissionSchema = z.strictObject({
  requestId: z.string().min(1).max(200),
  /** Says that the signal is meant for this cycle: it is kept as late, and not counted, when that has decided already. */
  cycleId: cycleIdText.optional(),
  /** What produced the signals, for the record. */
  model: z.string().min(1).max(120),
  version: z.string().min(1).max(60).default('1'),
  signals: z
    .array(
      z
        .strictObject({
          ...viewShape,
          /** Until its horizon from now, where it is left out. */
          validUntilAt: validUntilAt.optional(),
          rationale: viewShape.rationale.default(''),
          evidence: viewShape.evidence.default([]),
        })
        .refine(({ probabilities: { up, flat, down } }) => Math.abs(up + flat + down - 1) < 0.01, {
          path: ['probabilities'],
          message: 'must add up to 1',
        }),
    )
    .min(1)
    .max(MAX_SNAPSHOT_SYMBOLS),
});
export type SignalSubmission = z.output<typeof signalSubmissionSchema>;

/** What became of it. */
export const signalReceiptSchema = z.strictObject({
  agentId: agentIdText,
  received: z.array(
    z.strictObject({
      symbol: symbolText,
      receivedAt: z.int(),
      /** Cycles that decide before this count it. */
      standsUntilAt: z.int(),
      counts: z.boolean(),
      /** Why it does not count, for a person. */
      note: z.string(),
      /** What stands where that is not what was said: put right by its own probabilities, or cut to what the market lets anybody know. */
      takenAs: z
        .strictObject({
          by: rebuiltBy,
          probabilities: signalShape.probabilities,
          expectedReturn: z.number(),
          uncertainty: z.number(),
        })
        .optional(),
    }),
  ),
});
export type SignalReceipt = z.output<typeof signalReceiptSchema>;

/** Answer to an invitation: the token is shown this once. */
export const invitationSchema = z.strictObject({ token: z.string(), change: participationChangeSchema });
