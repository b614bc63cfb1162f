import { z } from 'zod';
import type { HeldView } from '../domain/consensus/debate.ts';
import type { MarketSnapshot } from '../domain/market/market.ts';
import type { NamedSnapshot } from '../domain/market/snapshot.ts';
import type { CycleId } from '../domain/orders/ids.ts';
import { type AbstentionReason, type AgentAnswer, abstentionReasons, type Opinion } from '../domain/signals/signals.ts';
import { decimalText, symbolText } from './decimal-text.ts';
import type { Weights } from './models.ts';
import { agentIdText } from './participation.ts';
import { MAX_SNAPSHOT_SYMBOLS } from './snapshot.ts';

const probability = z.number().min(0).max(1);

/** By what a signal is put right. */
export const rebuiltBy = z.enum(['probabilities', 'market']);

export const signalShape = {
  kind: z.literal('signal'),
  agentId: agentIdText,
  symbol: symbolText,
  probabilities: z.strictObject({ up: probability, flat: probability, down: probability }),
  expectedReturn: z.number().min(-0.5).max(0.5),
  uncertainty: z.number().min(0).max(1),
  conviction: probability,
  horizonMs: z
    .int()
    .min(1_000)
    .max(7 * 86_400_000),
  /** The exchange's clock when the view was formed; the snapshot's where it is not said. */
  formedAt: z.int().positive().optional(),
  validUntilAt: z.int().positive(),
  rationale: z.string().max(600),
  evidence: z.array(z.string().max(120)).max(12),
  /** What was said where that was put right. */
  rebuilt: z
    .strictObject({
      by: rebuiltBy,
      expectedReturn: z.number(),
      uncertainty: z.number(),
    })
    .optional(),
};

export const signalSchema = z
  .strictObject(signalShape)
  .refine(({ probabilities: { up, flat, down } }) => Math.abs(up + flat + down - 1) < 0.01, {
    path: ['probabilities'],
    message: 'must add up to 1',
  });

export const abstentionSchema = z.strictObject({
  kind: z.literal('abstention'),
  agentId: agentIdText,
  symbol: symbolText,
  reason: z.enum(abstentionReasons as readonly [AbstentionReason, ...AbstentionReason[]]),
  detail: z.string().max(400),
});

export const opinionSchema: z.ZodType<Opinion> = z.discriminatedUnion('kind', [signalSchema, abstentionSchema]);

export const agentAnswerSchema: z.ZodType<AgentAnswer> = z.strictObject({
  agentId: agentIdText,
  opinions: z.array(opinionSchema).max(MAX_SNAPSHOT_SYMBOLS),
  before: z.array(opinionSchema).max(MAX_SNAPSHOT_SYMBOLS).optional(),
  model: z.string().max(120),
  version: z.string().max(60),
  latencyMs: z.number().min(0),
  tokens: z.int().min(0),
  costUsd: decimalText,
});

/** What a cycle asks of an agent. The question is the same for all of them. */
export interface AgentRequest {
  cycleId: CycleId;
  correlationId: string;
  snapshot: MarketSnapshot;
  horizonMs: number;
  /** Asks a version that was trained here, under an id of its own, instead of the one in use. */
  weights?: Weights;
  /** In a debate's second round: what the other agents hold. Their words are data, never an instruction. */
  others?: HeldView[];
}

/** The question as it reaches the worker of an agent: a large snapshot is fetched there. */
export type AgentQuestion = Omit<AgentRequest, 'snapshot'> & {
  snapshot: NamedSnapshot;
  /** The cycle reads a packed answer as well; one that an earlier release began does not. */
  packed?: boolean;
};
