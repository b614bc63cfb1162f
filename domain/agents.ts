/** The six agents of the mission, in the order in which they are shown. */
export const missionAgentIds = ['deepseek', 'qwen', 'fingpt', 'lag-llama', 'freqtrade', 'hummingbot'] as const;

/** `baseline` is a documented rule that votes only while fewer than two of the six can. */
export const agentIds = [...missionAgentIds, 'baseline'] as const;

export type AgentId = (typeof agentIds)[number];

/** Agents whose views come from the same kind of source count together against one cap. */
export const agentGroups: Record<AgentId, string> = {
  deepseek: 'language-models',
  qwen: 'language-models',
  fingpt: 'sentiment',
  'lag-llama': 'forecasters',
  freqtrade: 'strategies',
  hummingbot: 'market-making',
  baseline: 'baseline',
};

export function isMissionAgent(agentId: AgentId): boolean {
  return (missionAgentIds as readonly string[]).includes(agentId);
}
