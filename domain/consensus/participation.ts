import { type AgentId, isSeat } from '../signals/agents.ts';
import type { Calibration } from '../signals/calibration.ts';
import { type SeatId, seatIds, seatRow } from '../signals/seats.ts';

/** `voter`: its signal is part of the pool. `shadow`: scored, and not counted. `guard`: does not vote, and may forbid to buy. */
export const agentRoles = ['voter', 'shadow', 'guard'] as const;
export type AgentRole = (typeof agentRoles)[number];

export interface AgentParticipation {
  enabled: boolean;
  role: AgentRole;
  /** Weight in the vote before its trust, 0 and above. Weight 0 equals absence. */
  weight: number;
  /** Most of the vote that it may carry, 0 to 1. */
  cap: number;
  /** Agents of one group together carry at most `maxGroupShare`. */
  group: string;
  /** The weight stands as a person set it, whatever the agent's score. */
  pinned: boolean;
}

/** `linear` keeps disagreement visible; `log` lets agreement count for more, and a voter that excludes an outcome all but exclude it for all. */
export const pools = ['linear', 'log'] as const;
export type Pool = (typeof pools)[number];

/** What a consensus needs to be valid, and how it is formed. */
export interface ConsensusRules {
  /** Signals needed for each symbol. */
  quorumCount: number;
  /** Share of the enabled weight that must have given a signal. */
  quorumWeight: number;
  /** Groups of which at least one signal must count. */
  requiredGroups: string[];
  /** Most of the voting weight that one group of correlated agents may carry. */
  maxGroupShare: number;
  /** How the views become one: see `pool`. */
  pool: Pool;
  /** A direction that is held with less than this is none. */
  minConviction: number;
  /** A guard that sees a fall with at least this conviction forbids to buy. */
  vetoConviction: number;
  /** Whether weights follow the agents' scores. */
  earnedTrust: boolean;
}

/** An agent with what its scores have earned it: a factor of its weight, 1 where nothing is known yet. */
export interface Participant extends AgentParticipation {
  trust: number;
  /** What its expected returns are believed. Absent: it is taken at its word. */
  calibration?: Calibration | undefined;
}

/** Who takes part in a consensus and what it needs to be valid. Read once when a cycle's consensus is formed. */
export interface ParticipationPolicy extends ConsensusRules {
  /** Grows with each change. */
  version: number;
  agents: Readonly<Record<AgentId, Participant>>;
}

/** Who takes part where nobody has said so: everybody with the same weight, but a seat only when asked to whose row says so. */
export function defaultParticipation(agentId: AgentId): AgentParticipation {
  const seat = isSeat(agentId) ? seatRow(agentId) : undefined;
  return {
    enabled: seat?.takesPart !== 'when_asked',
    role: 'voter',
    weight: 1,
    cap: 1,
    group: seat?.group ?? 'guests',
    pinned: false,
  };
}

/** What a participant's vote weighs before any cap. */
export function votingWeight(participant: Participant, { earnedTrust }: Pick<ConsensusRules, 'earnedTrust'>): number {
  const { enabled, role, weight, pinned, trust } = participant;
  if (!enabled || role !== 'voter') return 0;
  return earnedTrust && !pinned ? weight * trust : weight;
}

/** Something for every seat, none forgotten. */
export function perAgent<T>(of: (agentId: SeatId) => T): Record<SeatId, T> {
  return Object.fromEntries(seatIds.map((id) => [id, of(id)])) as Record<SeatId, T>;
}
