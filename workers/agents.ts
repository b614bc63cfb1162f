import { createAgents } from '../activities/agents/create.ts';
import { createAgentActivities } from '../activities/agents/index.ts';
import { agentTaskQueue } from '../contracts/task-queues.ts';
import { agentIds } from '../domain/agents.ts';
import { runRole } from './role.ts';

await runRole('agents', async ({ configuration, secrets, logger }) => {
  const activities = createAgentActivities({ agents: createAgents({ configuration, secrets }), logger });
  // A queue that an outside worker serves is left to it, so that an absent one shows.
  const served = agentIds.filter(
    (agentId) => agentId !== 'lag-llama' || configuration.agents['lag-llama'].worker === 'none',
  );
  return {
    workers: served.map((agentId) => ({
      taskQueue: agentTaskQueue(agentId),
      activities,
      maxConcurrentActivityTaskExecutions: 40,
    })),
    checks: {},
    close: async () => {},
  };
});
