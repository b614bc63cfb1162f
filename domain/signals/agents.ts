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

/** Under which a comparison of a seat's prompts is booked: no score and no cycle's sum knows it. */
export function comparisonOf(seat: AgentId): AgentId {
  return `${seat}${COMPARISON}`;
}

/** Who spend one day's budget: a seat, and what compares its prompts. */
export function sharersOf(agentId: AgentId): AgentId[] {
  const seat = agentId.endsWith(COMPARISON) ? agentId.slice(0, -COMPARISON.length) : agentId;
  return [seat, comparisonOf(seat)];
}

const COMPARISON = '-compare';

/** Votes only while the others cannot. */
export function standsBy(agentId: AgentId): boolean {
  return isSeat(agentId) && seatRow(agentId).takesPart === 'when_needed';
}

/** Seats in their order, then guests by name. */
export function inOrder(ids: readonly AgentId[]): AgentId[] {
  const guests = ids.filter((id) => !isSeat(id)).sort();
  return [...seatIds.filter((id) => ids.includes(id)), ...guests];
}
