import { createCycleScheduleActivities } from '../activities/agents/cycle-schedule.ts';
import { booksElsewhere, createAbsentBooks } from '../activities/books/index.ts';
import { createCoordinatorActivities } from '../activities/coordinator/index.ts';
import { createPriceActivities } from '../activities/portfolio/prices.ts';
import { TaskQueue } from '../contracts/task-queues.ts';
import { coordinatorUrl } from '../runtime/configuration/addresses.ts';
import { booksAreElsewhere } from '../runtime/configuration/books.ts';
import { openJournal } from '../stores/journal/open.ts';
import { refuseOtherMarket } from '../trading/control/bind-account.ts';
import { refuseUnlisted } from '../trading/control/refuse-unlisted.ts';
import { marketAccess, marketSpeed } from '../venues/access.ts';
import { openVenue } from '../venues/open.ts';
import type { MarketDataPort, Venue } from '../venues/port.ts';
import { openBooks, refuseUnservedBooks } from './books.ts';
import { type RoleContext, runRole } from './role.ts';
import { workflowBundle } from './workflow-bundle.ts';

type Context = Pick<RoleContext, 'configuration' | 'client' | 'logger'>;

/** What cycles do with the books, beside them. */
async function ownBooks({ configuration, client, logger }: Context, venue: Venue, market: MarketDataPort) {
  const journal = await openJournal(configuration);
  await refuseOtherMarket({ journal, venue, configuration });
  await refuseUnlisted(configuration, market, journal);
  const { activities, close } = await openBooks({ configuration, journal, client, logger }, market);
  return {
    journal,
    activities,
    startsAllowedAt: (at: number) => journal.control.startsAllowedAt(configuration.account, at),
    check: () => journal.check(),
    close: async () => {
      await close();
      await journal.close();
    },
  };
}

/** Whoever has the books refuses symbols that are not listed. */
function absentBooks({ client }: Context) {
  return {
    journal: undefined,
    activities: createAbsentBooks(),
    startsAllowedAt: booksElsewhere,
    check: () => refuseUnservedBooks(client),
    close: async () => {},
  };
}

await runRole('cycles', async (context) => {
  const { configuration, secrets, client, logger } = context;
  const venue = openVenue(marketAccess(configuration, secrets));
  const market = await venue.market(configuration.mode, marketSpeed(configuration));
  const books = booksAreElsewhere(secrets) ? absentBooks(context) : await ownBooks(context, venue, market);
  const { close: closeCoordinator, ...coordinator } = createCoordinatorActivities({
    url: coordinatorUrl(configuration),
    token: secrets.coordinatorToken,
    logger,
  });

  return {
    books: books.journal,
    workers: [
      {
        taskQueue: TaskQueue.cycles,
        workflowBundle: await workflowBundle(secrets),
        activities: {
          ...books.activities,
          ...createCycleScheduleActivities({ client }),
          ...createPriceActivities({ prices: await venue.prices() }),
          ...coordinator,
        },
        maxCachedWorkflows: 100,
        stickyQueueScheduleToStartTimeout: '500ms',
      },
    ],
    startsAllowedAt: books.startsAllowedAt,
    ready: {
      journal: books.check,
      exchange: async () => void (await market.exchangeTime()),
    },
    close: async () => {
      await closeCoordinator();
      await books.close();
    },
  };
});
