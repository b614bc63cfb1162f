import { createGuestActivities } from '../activities/agents/guests.ts';
import { createEpochActivities } from '../activities/control/epoch.ts';
import { createCoordinatorActivities } from '../activities/coordinator/index.ts';
import { createOwnConsensusActivities } from '../activities/coordinator/own-consensus.ts';
import { createMarketActivities } from '../activities/market/index.ts';
import { createPortfolioActivities } from '../activities/portfolio/index.ts';
import { createPriceActivities } from '../activities/portfolio/prices.ts';
import { TaskQueue } from '../contracts/task-queues.ts';
import { coordinatorUrl } from '../runtime/configuration/addresses.ts';
import { openJournal } from '../stores/journal/open.ts';
import { openMarketBuffer } from '../stores/market-buffer/open.ts';
import { createSnapshotReader } from '../stores/market-buffer/snapshots.ts';
import { refuseUnlisted } from '../trading/control/refuse-unlisted.ts';
import { marketAccess, marketSpeed } from '../venues/access.ts';
import { openVenue } from '../venues/open.ts';
import { runRole } from './role.ts';
import { workflowBundle } from './workflow-bundle.ts';

await runRole('cycles', async ({ configuration, secrets, logger }) => {
  const journal = await openJournal(configuration);
  const buffer = await openMarketBuffer(configuration);
  const venue = openVenue(marketAccess(configuration, secrets));
  const market = await venue.market(configuration.mode, marketSpeed(configuration));
  await refuseUnlisted(configuration, market, journal);
  const { close: closeCoordinator, ...coordinator } = createCoordinatorActivities({
    url: coordinatorUrl(configuration),
    token: secrets.coordinatorToken,
    logger,
  });

  return {
    workers: [
      {
        taskQueue: TaskQueue.cycles,
        workflowBundle: await workflowBundle(secrets),
        activities: {
          ...createMarketActivities({ market, buffer, logger }),
          ...createPortfolioActivities({
            journal,
            configuration,
            exchangeTime: market.exchangeTime,
            readSnapshot: createSnapshotReader(buffer),
            logger,
          }),
          ...createPriceActivities({ prices: await venue.prices() }),
          ...coordinator,
          ...createOwnConsensusActivities({ journal, account: configuration.account, logger }),
          ...createGuestActivities({ journal, account: configuration.account }),
          ...createEpochActivities({ journal, account: configuration.account }),
        },
        maxCachedWorkflows: 100,
        stickyQueueScheduleToStartTimeout: '500ms',
      },
    ],
    startsAllowedAt: (at) => journal.control.startsAllowedAt(configuration.account, at),
    ready: {
      journal: () => journal.check(),
      exchange: async () => void (await market.exchangeTime()),
    },
    close: async () => {
      await closeCoordinator();
      await buffer.close();
      await journal.close();
    },
  };
});
