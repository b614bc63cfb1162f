import { createAgents } from '../activities/agents/create.ts';
import { createAgentActivities } from '../activities/agents/index.ts';
import { startedEngines } from '../contracts/config/engines.ts';
import { agentTaskQueue } from '../contracts/task-queues.ts';
import { openJournal } from '../stores/journal/open.ts';
import { runRole } from './role.ts';

await runRole('agents', async ({ configuration, secrets, logger }) => {
  const journal = await openJournal(configuration);
  const { modelCalls } = journal;
  const agents = createAgents({ configuration, secrets, engines: startedEngines(), modelCalls });
  const activities = createAgentActivities({ agents, logger });
  return {
    // A queue that an outside worker serves is left to it, so that an absent one shows.
    workers: Object.keys(agents).map((agentId) => ({
      taskQueue: agentTaskQueue(agentId),
      activities,
      maxConcurrentActivityTaskExecutions: 40,
    })),
    checks: { journal: () => journal.check() },
    close: () => journal.close(),
  };
});
