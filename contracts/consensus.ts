import { z } from 'zod';
import { agentIds } from '../domain/agents.ts';
import { pools } from '../domain/participation.ts';
import { symbolText } from './decimal-text.ts';
import { agentAnswerSchema } from './signals.ts';

/** Input of the coordinator's tool `form_consensus`: repeat-safe by cycle id. */
export const consensusRequestSchema = z.strictObject({
  cycleId: z.string().min(1).max(200),
  symbols: z.array(symbolText).min(1).max(16),
  answers: z.array(agentAnswerSchema).max(32),
  /** The exchange's clock at the snapshot: signals that are no longer valid then do not count. */
  takenAt: z.int().positive(),
  /** The horizon that the agents were asked for: a signal over another one does not count. */
  horizonMs: z.int().min(1_000),
});
export type ConsensusRequest = z.output<typeof consensusRequestSchema>;

const voteSchema = z.strictObject({
  agentId: z.enum(agentIds),
  /** Share of the voting weight after the group cap, 0 when the agent abstained or did not count. */
  weight: z.number().min(0).max(1),
  counted: z.boolean(),
  /** Why the vote did not count, for a person. */
  note: z.string(),
});

export const symbolConsensusSchema = z.strictObject({
  symbol: symbolText,
  /** `none`: no quorum, so no view. */
  direction: z.enum(['up', 'flat', 'down', 'none']),
  /** They add up to 1; all are 0 where no signal counted. */
  probabilities: z.strictObject({ up: z.number(), flat: z.number(), down: z.number() }),
  /** Fraction over the horizon. */
  expectedReturn: z.number(),
  /** Standard deviation of the voters' mixture, their disagreement included. */
  uncertainty: z.number(),
  /** Weighted vote in [0, 1]: strength of the direction. */
  conviction: z.number().min(0).max(1),
  /** Share of the voting weight whose own most probable outcome is another one. */
  dissent: z.number().min(0).max(1),
  votes: z.array(voteSchema),
  quorum: z.strictObject({
    met: z.boolean(),
    count: z.int(),
    countNeeded: z.int(),
    weight: z.number(),
    weightNeeded: z.number(),
  }),
});
export type SymbolConsensus = z.output<typeof symbolConsensusSchema>;

export const consensusSchema = z.strictObject({
  cycleId: z.string(),
  policyVersion: z.int(),
  /** Name and version of the pooling rule, e.g. `linear-pool/1`. */
  method: z.string(),
  symbols: z.array(symbolConsensusSchema),
  formedAt: z.int(),
  /** `cycle`: the coordinator was away, and the cycle formed the same consensus by itself. */
  formedBy: z.enum(['coordinator', 'cycle']).default('coordinator'),
});
export type Consensus = z.output<typeof consensusSchema>;

export const participationSchema = z.strictObject({
  version: z.int(),
  agents: z.array(
    z.strictObject({
      agentId: z.enum(agentIds),
      /** Agents of one group together carry at most `maxGroupShare` of the voting weight. */
      group: z.string(),
      enabled: z.boolean(),
      weight: z.number().min(0),
    }),
  ),
  quorumCount: z.int(),
  quorumWeight: z.number(),
  maxGroupShare: z.number(),
  pool: z.enum(pools),
  minConviction: z.number(),
});
export type Participation = z.output<typeof participationSchema>;

/** Input of the coordinator's tool `set_participation`: repeat-safe by request id. */
export const participationRequestSchema = z
  .strictObject({
    requestId: z.string().min(1).max(200),
    agentId: z.enum(agentIds),
    enabled: z.boolean().optional(),
    /** 0 equals absence. */
    weight: z.number().min(0).max(10).optional(),
    by: z.string().min(1).max(100),
    reason: z.string().min(1).max(400),
  })
  .refine(({ enabled, weight }) => enabled !== undefined || weight !== undefined, {
    message: 'say what to change: enabled, weight or both',
  });
export type ParticipationRequest = z.output<typeof participationRequestSchema>;

const agentParticipationSchema = z.strictObject({ enabled: z.boolean(), weight: z.number() });

export const participationChangeSchema = z.strictObject({
  version: z.int(),
  agentId: z.enum(agentIds),
  before: agentParticipationSchema,
  after: agentParticipationSchema,
  by: z.string(),
  reason: z.string(),
  changedAt: z.int(),
});
export type ParticipationChanged = z.output<typeof participationChangeSchema>;

/**
 * `_meta` key of a tool's error: true when the input was fine and the coordinator itself failed, so that the same call may be made again. The
 * protocol has no field for it.
 */
export const retryableMetaKey = 'sapphire/retryable';
