import { createAgentActivities } from '../activities/agents/index.ts';
import { agentTaskQueue } from '../contracts/task-queues.ts';
import type { AgentId } from '../domain/signals/agents.ts';
import { startedEngines } from '../runtime/configuration/engines.ts';
import { rulesFolder } from '../runtime/configuration/folders.ts';
import { openJournal } from '../stores/journal/open.ts';
import { openMarketBuffer } from '../stores/market-buffer/open.ts';
import { createSnapshotReader } from '../stores/market-buffer/snapshots.ts';
import { createAgents } from '../trading/agents/create.ts';
import { createRules } from '../trading/agents/rules/kept-rules.ts';
import type { RememberNews } from '../trading/agents/sentiment/sentiment-agent.ts';
import { runRole } from './role.ts';

await runRole('agents', async ({ configuration, secrets, logger }) => {
  const journal = await openJournal(configuration);
  const { modelCalls } = journal;
  const market = await openMarketBuffer(configuration, journal.id);
  const rememberNews: RememberNews = async (rated) => {
    const eventId = `news/${rated.agentId}/${rated.symbol}/${rated.item.id}`;
    try {
      await market.outbox.append([{ eventId, kind: 'news.rated', payload: rated }]);
    } catch (error) {
      logger.error(
        { error, eventId },
        'the market buffer did not take a piece of news: it will be missing in the warehouse',
      );
    }
  };
  const scoreOf = async (agentId: AgentId) =>
    (await journal.scores.read(configuration.account)).find((score) => score.agentId === agentId);
  const agents = createAgents({ configuration, secrets, engines: startedEngines(), modelCalls, rememberNews, scoreOf });
  const ruleOf = createRules(journal, rulesFolder());
  const activities = createAgentActivities({ agents, ruleOf, readSnapshot: createSnapshotReader(market), logger });
  return {
    books: journal,
    // A queue that an outside worker serves is left to it, so that an absent one shows.
    workers: Object.keys(agents).map((agentId) => ({
      taskQueue: agentTaskQueue(agentId),
      activities,
      maxConcurrentActivityTaskExecutions: 40,
    })),
    ready: { journal: () => journal.check() },
    close: async () => {
      await market.close();
      await journal.close();
    },
  };
});
