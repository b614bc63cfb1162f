import { z } from 'zod';
import { pools } from '../domain/consensus/participation.ts';
import type { CycleId } from '../domain/orders/ids.ts';
import { symbolText } from './decimal-text.ts';
import { cycleIdText, kindOf } from './ids.ts';
import { agentIdText, participantSchema } from './participation.ts';
import { agentAnswerSchema } from './signals.ts';
import { MAX_SNAPSHOT_SYMBOLS } from './snapshot.ts';

/** Who took part and under which rules, as it was when the consensus was formed: what a replay needs. */
export const consensusPolicySchema = z.strictObject({
  version: z.int(),
  agents: z.record(agentIdText, participantSchema),
  quorumCount: z.int(),
  quorumWeight: z.number(),
  requiredGroups: z.array(z.string()),
  maxGroupShare: z.number(),
  pool: z.enum(pools),
  minConviction: z.number(),
  vetoConviction: z.number(),
  earnedTrust: z.boolean(),
});

/** Input of the coordinator's tool `form_consensus`: repeat-safe by cycle id. */
export const consensusRequestSchema = z.strictObject({
  cycleId: cycleIdText,
  symbols: z.array(symbolText).min(1).max(MAX_SNAPSHOT_SYMBOLS),
  answers: z.array(agentAnswerSchema).max(32),
  /** The exchange's clock at the snapshot: signals that are no longer valid then do not count. */
  takenAt: z.int().positive(),
  /** The horizon that the agents were asked for: signals over another one are brought to it. */
  horizonMs: z.int().min(1_000),
  /** As it was when the cycle began; without it the one in force now. */
  policy: consensusPolicySchema.optional(),
});
export type ConsensusRequest = z.output<typeof consensusRequestSchema>;

const voteSchema = z.strictObject({
  agentId: agentIdText,
  /** Part of the view: share after all caps times conviction, 0 when the agent abstained or did not count. */
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
  /** Standard deviation of the expected return itself, as an estimate; absent where each voter was taken at its word. */
  error: z.number().min(0).optional(),
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
    /** Required groups of which no signal counted. */
    missingGroups: z.array(z.string()).optional(),
  }),
  /** Guards that forbade to buy what the pool would have bought. */
  vetoedBy: z.array(agentIdText).optional(),
});
export type SymbolConsensus = z.output<typeof symbolConsensusSchema>;

export const consensusSchema = z.strictObject({
  cycleId: kindOf<CycleId>(z.string()),
  policyVersion: z.int(),
  /** Name and version of the pooling rule, e.g. `linear-pool/2`. */
  method: z.string(),
  /** Over which the views are; missing in records of earlier releases, where all signals had it. */
  horizonMs: z.int().optional(),
  symbols: z.array(symbolConsensusSchema),
  policy: consensusPolicySchema.optional(),
  formedAt: z.int(),
  /** `cycle`: the coordinator was away, and the cycle formed the same consensus by itself. */
  formedBy: z.enum(['coordinator', 'cycle']).default('coordinator'),
});
export type Consensus = z.output<typeof consensusSchema>;

/**
 * `_meta` key of a tool's error: true when the input was fine and the coordinator itself failed, so that the same call may be made again. The
 * protocol has no field for it.
 */
export const retryableMetaKey = 'sapphire/retryable';
/** Carries a refusal's code beside its sentence, for the same reason. */
export const errorCodeMetaKey = 'sapphire/code';
