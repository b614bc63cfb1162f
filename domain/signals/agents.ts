import { type SeatId, seatIds, seatRow } from './seats.ts';

export type { SeatId } from './seats.ts';
export const agentIds = seatIds;

/** The six agents of the mission. */
export const missionAgentIds: readonly SeatId[] = seatIds.filter((id) => seatRow(id).mission);

/** A seat, or the name of a guest: an agent that was invited and brings its signals itself. */
export type AgentId = string;

export function isSeat(agentId: AgentId): agentId is SeatId {
  return (seatIds as readonly string[]).includes(agentId);
}

export function isMissionAgent(agentId: AgentId): boolean {
  return (missionAgentIds as readonly string[]).includes(agentId);
}

/** Votes only while the others cannot. */
export function standsBy(agentId: AgentId): boolean {
  return isSeat(agentId) && seatRow(agentId).takesPart === 'when_needed';
}

/** Seats in their order, then guests by name. */
export function inOrder(ids: readonly AgentId[]): AgentId[] {
  const guests = ids.filter((id) => !isSeat(id)).sort();
  return [...seatIds.filter((id) => ids.includes(id)), ...guests];
}
