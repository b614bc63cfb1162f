/** The six agents of the mission, in the order in which they are shown. */
export const missionAgentIds = ['deepseek', 'qwen', 'fingpt', 'lag-llama', 'freqtrade', 'hummingbot'] as const;

/**
 * The seats, each asked on its own queue. Beside the six: `baseline`, a documented rule that votes only while fewer than two of them can, and
 * `fracast`, a small forecaster whose weights come in its package.
 */
export const agentIds = [...missionAgentIds, 'baseline', 'fracast'] as const;
export type SeatId = (typeof agentIds)[number];

/** A seat, or the name of a guest: an agent that was invited and brings its signals itself. */
export type AgentId = string;

/** Agents whose views come from the same kind of source count together against one cap. */
export const agentGroups: Readonly<Record<SeatId, string>> = {
  deepseek: 'language-models',
  qwen: 'language-models',
  fingpt: 'sentiment',
  'lag-llama': 'forecasters',
  freqtrade: 'strategies',
  hummingbot: 'market-making',
  baseline: 'baseline',
  fracast: 'forecasters',
};

export function isSeat(agentId: AgentId): agentId is SeatId {
  return (agentIds as readonly string[]).includes(agentId);
}

export function isMissionAgent(agentId: AgentId): boolean {
  return (missionAgentIds as readonly string[]).includes(agentId);
}

/** Seats in their order, then guests by name. */
export function inOrder(ids: readonly AgentId[]): AgentId[] {
  const guests = ids.filter((id) => !isSeat(id)).sort();
  return [...agentIds.filter((id) => ids.includes(id)), ...guests];
}
