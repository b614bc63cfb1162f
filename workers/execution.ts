import { createCcxtClient } from '../activities/market/ccxt-client.ts';
import { createCcxtTrading } from '../activities/orders/ccxt-trading.ts';
import { createExitActivities } from '../activities/orders/exits.ts';
import { createOrderActivities } from '../activities/orders/index.ts';
import { createPlanActivities } from '../activities/orders/plans.ts';
import { TaskQueue } from '../contracts/task-queues.ts';
import { openJournal } from '../stores/journal/open.ts';
import { refuseUnfitKeys, tradingAccess } from './exchange.ts';
import { runRole } from './role.ts';
import { awaitTradingControl } from './trading-control.ts';
import { workflowBundle } from './workflow-bundle.ts';

await runRole('execution', async ({ configuration, secrets, client, logger }) => {
  const journal = await openJournal(configuration);
  const exchange = createCcxtClient(tradingAccess(configuration, secrets));
  await refuseUnfitKeys(configuration, exchange);
  const trading = await createCcxtTrading(exchange);

  return {
    workers: [
      {
        taskQueue: TaskQueue.execution,
        workflowBundle: await workflowBundle(secrets),
        activities: {
          ...createOrderActivities({ journal, trading, logger }),
          ...createPlanActivities({ journal, trading, logger }),
          ...createExitActivities({ journal, trading, logger }),
        },
        maxCachedWorkflows: 100,
        stickyQueueScheduleToStartTimeout: '500ms',
      },
    ],
    // A stop that was sent while no worker was up comes before any order.
    beforePolling: () => awaitTradingControl(client, journal.id, logger),
    ready: {
      journal: () => journal.check(),
      exchange: async () => void (await trading.exchangeTime()),
    },
    close: () => journal.close(),
  };
});
