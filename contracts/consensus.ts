import { z } from 'zod';
import { agentIds } from '../domain/agents.ts';
import { symbolText } from './decimal-text.ts';
import { agentAnswerSchema } from './signals.ts';

/** Input of the coordinator's tool `form_consensus`: repeat-safe by cycle id. */
export const consensusRequestSchema = z.strictObject({
  cycleId: z.string().min(1).max(200),
  symbols: z.array(symbolText).min(1).max(16),
  answers: z.array(agentAnswerSchema).max(32),
  /** The exchange's clock at the snapshot: signals that are no longer valid then do not count. */
  takenAt: z.int().positive(),
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
  probabilities: z.strictObject({ up: z.number(), flat: z.number(), down: z.number() }),
  /** Fraction over the horizon. */
  expectedReturn: z.number(),
  uncertainty: z.number(),
  /** Weighted vote in [0, 1]: strength of the direction. */
  conviction: z.number().min(0).max(1),
  /** Share of the voting weight against the direction. */
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
});
export type Consensus = z.output<typeof consensusSchema>;
