/** The six agents of the mission, in the order in which they are shown. */
export const missionAgentIds = ['deepseek', 'qwen', 'fingpt', 'lag-llama', 'freqtrade', 'hummingbot'] as const;

/**
 * Beside the six: `baseline`, a documented rule that votes only while fewer than two of them can, and `fracast`, a small forecaster whose
 * weights come in its package.
 */
export const agentIds = [...missionAgentIds, 'baseline', 'fracast'] as const;

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
  fracast: 'forecasters',
};

export function isMissionAgent(agentId: AgentId): boolean {
  return (missionAgentIds as readonly string[]).includes(agentId);
}
