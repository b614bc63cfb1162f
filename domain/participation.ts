import type { AgentId } from './agents.ts';

export interface AgentParticipation {
  enabled: boolean;
  /** Weight in the vote, 0 and above. Weight 0 equals absence. */
  weight: number;
}

/** `linear` keeps disagreement visible; `log` lets agreement count for more, and a voter that excludes an outcome all but exclude it for all. */
export const pools = ['linear', 'log'] as const;
export type Pool = (typeof pools)[number];

/** What a consensus needs to be valid, and how it is formed. */
export type ConsensusRules = Omit<ParticipationPolicy, 'version' | 'agents'>;

/** Who takes part in a consensus and what it needs to be valid. Read once when a cycle's consensus is formed. */
export interface ParticipationPolicy {
  /** Grows with each change. */
  version: number;
  agents: Record<AgentId, AgentParticipation>;
  /** Signals needed for each symbol. */
  quorumCount: number;
  /** Share of the enabled weight that must have given a signal. */
  quorumWeight: number;
  /** Most of the voting weight that one group of correlated agents may carry. */
  maxGroupShare: number;
  /** How the views become one: see `pool`. */
  pool: Pool;
  /** A direction that is held with less than this is none. */
  minConviction: number;
}

/** Who takes part where nobody has said so: everybody with the same weight, but a forecaster that stands for none of the six only when asked to. */
export function defaultParticipation(agentId: AgentId): AgentParticipation {
  return { enabled: agentId !== 'fracast', weight: 1 };
}

/** Something for every agent, none forgotten. */
export function perAgent<T>(of: (agentId: AgentId) => T): Record<AgentId, T> {
  return {
    deepseek: of('deepseek'),
    qwen: of('qwen'),
    fingpt: of('fingpt'),
    'lag-llama': of('lag-llama'),
    freqtrade: of('freqtrade'),
    hummingbot: of('hummingbot'),
    baseline: of('baseline'),
    fracast: of('fracast'),
  };
}
