import { createEpochActivities } from '../activities/control/epoch.ts';
import { createSellingActivities } from '../activities/control/selling.ts';
import { createExitActivities } from '../activities/orders/exits.ts';
import { createOrderActivities } from '../activities/orders/index.ts';
import { createPlanActivities } from '../activities/orders/plans.ts';
import { TaskQueue } from '../contracts/task-queues.ts';
import { openJournal } from '../stores/journal/open.ts';
import { bindBooks } from '../trading/control/bind-account.ts';
import { refuseUnlisted } from '../trading/control/refuse-unlisted.ts';
import { createOrderEvents } from '../trading/execute/order-events.ts';
import { keepFeeRates } from '../trading/reconcile/fee-rates.ts';
import { marketAccess, refuseUnfitKeys, tradingAccess } from '../venues/access.ts';
import { openVenue } from '../venues/open.ts';
import { serveBooks } from './books.ts';
import { runRole } from './role.ts';
import { awaitTradingControl } from './trading-control.ts';
import { workflowBundle } from './workflow-bundle.ts';

await runRole('execution', async ({ configuration, secrets, client, logger }) => {
  const journal = await openJournal(configuration);
  const venue = openVenue(tradingAccess(configuration, secrets));
  await refuseUnfitKeys(configuration, venue);
  const trading = await venue.trading();
  await bindBooks({ journal, trading, configuration, logger }, 'workers/execution');
  await refuseUnlisted(configuration, trading, journal);
  await keepFeeRates({ journal, trading, configuration, logger }, configuration.account);
  const events = createOrderEvents();
  const books = serveBooks({ configuration, journal, client, logger }, openVenue(marketAccess(configuration, secrets)));
  const stream = venue.stream({ onEvent: events.wake, logger });

  return {
    books: journal,
    workers: [
      {
        taskQueue: TaskQueue.execution,
        workflowBundle: await workflowBundle(secrets),
        activities: {
          ...createOrderActivities({ journal, trading, events, logger }),
          ...createPlanActivities({ journal, trading, logger }),
          ...createExitActivities({ journal, trading, logger }),
          ...createEpochActivities({ journal, account: configuration.account }),
          ...createSellingActivities({ journal, client }),
        },
        maxCachedWorkflows: 100,
        stickyQueueScheduleToStartTimeout: '500ms',
      },
      books.worker,
    ],
    startsAllowedAt: (at) => journal.control.startsAllowedAt(configuration.account, at),
    // A stop that was sent while no worker was up comes before any order.
    beforePolling: () => awaitTradingControl(client, journal.id, logger),
    ready: {
      journal: () => journal.check(),
      exchange: async () => void (await trading.exchangeTime()),
    },
    close: async () => {
      stream.close();
      await books.close();
      await journal.close();
    },
  };
});
