import { z } from 'zod';
import type { AgentId } from '../domain/signals/agents.ts';
import { agentIdText, calibrationSchema } from './participation.ts';

/** What an agent's signals turned out to be worth, as remembered. See domain/scoring/scoring.ts for each figure. */
export const agentScoreSchema = z.strictObject({
  agentId: agentIdText,
  count: z.int(),
  horizons: z.number(),
  brier: z.number(),
  referenceBrier: z.number(),
  skill: z.number(),
  directionalSkill: z.number(),
  hitRate: z.number(),
  calibrationError: z.number(),
  calibration: z.array(z.strictObject({ said: z.number(), came: z.number(), count: z.int() })),
  pnlContribution: z.number(),
  trust: z.number(),
  trustError: z.number(),
  returns: z
    .strictObject({
      horizons: z.number(),
      bias: z.number(),
      biasError: z.number(),
      informationCoefficient: z.number(),
      informationError: z.number(),
      slope: z.number(),
      slopeError: z.number(),
      coverage: z.number(),
      crps: z.number().optional(),
      crpsSkill: z.number().optional(),
      believedSkill: z.number(),
      believedError: z.number(),
    })
    .optional(),
  /** Missing in scores of an earlier release. */
  belief: calibrationSchema.optional(),
  scoredAt: z.int(),
});
export type AgentScoreRecord = z.output<typeof agentScoreSchema>;

export const agentScoresSchema = z.strictObject({ agents: z.array(agentScoreSchema) });

/** What one round of scoring did. */
export interface ScoringReport {
  settled: number;
  /** Closed without an outcome: the venue never had a price. */
  unknown: number;
  /** The venue has no price of their minute yet. */
  waiting: number;
  /** Agents whose scores changed. */
  agents: AgentScoreRecord[];
  /** Versions of models that earned their vote. */
  promoted?: AgentId[];
  /** Versions that lost it again: shadows as before. */
  returned?: AgentId[];
}
