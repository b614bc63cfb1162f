import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { AskOpening } from '../../contracts/asking.ts';
import type { CycleTerms } from '../../contracts/cycle.ts';
import { ErrorName } from '../../contracts/errors.ts';
import { createOwnFees } from '../../trading/decide/own-fees.ts';
import type { SnapshotTools } from '../../trading/decide/snapshot.ts';
import { createGuestActivities } from '../agents/guests.ts';
import { createStandingActivities } from '../agents/standing.ts';
import { createEpochActivities } from '../control/epoch.ts';
import { createOwnConsensusActivities } from '../coordinator/own-consensus.ts';
import { createMarketActivities } from '../market/index.ts';
import { createPortfolioActivities, type PortfolioDependencies } from '../portfolio/index.ts';

export type BooksDependencies = Omit<SnapshotTools, 'ownFees'> & Omit<PortfolioDependencies, 'exchangeTime'>;
export type BooksActivities = ReturnType<typeof createBooksActivities>;

/** All that a cycle does with the books, and with the market buffer beside them. */
export function createBooksActivities({ market, buffer, perpetuals, logger, ...dependencies }: BooksDependencies) {
  const { journal, configuration } = dependencies;
  const { account } = configuration;
  return {
    ...createMarketActivities({
      market,
      buffer,
      ownFees: createOwnFees({ journal, account, logger }),
      perpetuals,
      logger,
    }),
    ...createPortfolioActivities({ ...dependencies, exchangeTime: market.exchangeTime, logger }),
    ...createOwnConsensusActivities({ journal, configuration, logger }),
    ...createGuestActivities({ journal, account }),
    ...createStandingActivities(dependencies),
    ...createEpochActivities({ journal, account }),
  };
}

/** Says to the workflow that it has to ask on the queue `books`. */
export async function booksElsewhere(): Promise<never> {
  const words = 'this worker has no books: the queue "books" is served by those that have them';
  // An answer, no fault: the SDK neither warns of it nor counts it.
  const category = ApplicationFailureCategory.BENIGN;
  throw ApplicationFailure.create({ message: words, type: ErrorName.booksElsewhere, nonRetryable: true, category });
}

/** The same of a worker that has no books. */
export function createAbsentBooks(): Record<keyof BooksActivities, () => Promise<never>> {
  return {
    takeSnapshot: booksElsewhere,
    openCycle: booksElsewhere,
    planCycle: booksElsewhere,
    releaseLeg: booksElsewhere,
    recordCycle: booksElsewhere,
    formOwnConsensus: booksElsewhere,
    hearGuests: booksElsewhere,
    openAsking: booksElsewhere,
    beginAsking: booksElsewhere,
    keepAnswers: booksElsewhere,
    hearStanding: booksElsewhere,
    currentEpoch: booksElsewhere,
  };
}

/** The same for the queue `books`: whoever has its terms from there asks for all the rest there, too. */
export function createServedBooks(opened: () => Promise<BooksActivities>): BooksActivities {
  const ask =
    <K extends keyof BooksActivities>(name: K) =>
    async (...asked: Parameters<BooksActivities[K]>): Promise<unknown> => {
      const step = (await opened())[name] as (...given: typeof asked) => Promise<unknown>;
      return step(...asked);
    };
  const steps = Object.keys(createAbsentBooks()) as (keyof BooksActivities)[];
  return {
    ...(Object.fromEntries(steps.map((name) => [name, ask(name)])) as unknown as BooksActivities),
    openCycle: async (...asked): Promise<CycleTerms> => {
      return { ...(await (await opened()).openCycle(...asked)), books: 'queue' };
    },
    openAsking: async (...asked): Promise<AskOpening> => {
      return { ...(await (await opened()).openAsking(...asked)), books: 'queue' };
    },
  };
}
