import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { type BooksActivities, createAbsentBooks, createServedBooks } from '../../activities/books/index.ts';
import type { CycleRecord } from '../../contracts/cycle.ts';
import type { CycleSpan } from '../../contracts/cycle-steps.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { snapshot } from '../domain/portfolio/plan.ts';
import { leg } from '../support/books.ts';
import { cycleTerms } from '../support/cycle-terms.ts';
import { startWorkflowRig, type WorkflowRig } from '../support/workflow-rig.ts';
import { ended } from './scripted-orders.ts';

export const CYCLE_MS = 60_000;

type Steps = Record<keyof BooksActivities, (...args: never[]) => unknown>;

/** Workers of cycles that have no books, of orders, and of the queue `books`: all scripted, what they did in lists. */
export interface BooksElsewhere {
  /** Each step that was done with the books, in its order, and the queue on which it was asked for. */
  readonly did: string[];
  readonly records: CycleRecord[];
  /** How many orders were placed. */
  sent(): number;
  /** The steps of a worker with books, each of which answers as a cycle of one order needs it. */
  books(changes?: Partial<Steps>): BooksActivities;
  /** Serves the queue from now on. */
  serve(own: BooksActivities): Promise<WorkflowRig>;
  /** A cycle whose worker has no books, but for these. */
  startCycle(own?: object): Promise<WorkflowHandle>;
  /** The worker of cycles, without a cycle. */
  serveCycles(own?: object): Promise<WorkflowRig>;
  /** Replays what ran. */
  close(): Promise<void>;
}

export function booksElsewhere(environment: TestWorkflowEnvironment, name: string): BooksElsewhere {
  const cycleId = `cycle/${name}`;
  const legs = [leg({ legId: `sph-books-${name}`, cycleId, epoch: 1 })];
  const did: string[] = [];
  const records: CycleRecord[] = [];
  let sent = 0;
  const rigs: WorkflowRig[] = [];
  const start = async (taskQueue: string, activities: object): Promise<WorkflowRig> => {
    const rig = await startWorkflowRig(environment, activities, { taskQueue });
    let closed: ReturnType<WorkflowRig['close']> | undefined;
    const close = (): ReturnType<WorkflowRig['close']> => (closed ??= rig.close());
    rigs.unshift({ ...rig, close });
    return { ...rig, close };
  };
  const serveCycles = async (own: object = {}): Promise<WorkflowRig> => {
    const placeOrder = async (order: OrderLeg) => {
      sent += 1;
      return ended(order, 'filled');
    };
    await start(TaskQueue.execution, { placeOrder, currentEpoch: async () => 1 });
    return start(TaskQueue.cycles, {
      ...createAbsentBooks(),
      readPrices: async () => ({ takenAt: snapshot.takenAt + 1, symbols: [] }),
      formConsensus: async () => ({ cycleId, symbols: [], formedBy: 'coordinator' }),
      ...own,
    });
  };
  return {
    did,
    records,
    sent: () => sent,
    books(changes = {}) {
      const steps: Steps = {
        openCycle: (_: unknown, { startedAt }: CycleSpan) => cycleTerms({ epoch: 1, endsAt: startedAt + CYCLE_MS }),
        takeSnapshot: () => snapshot,
        planCycle: () => ({ cycleId, kind: 'independent', equity: '1', legs, verdicts: [], allocations: [] }),
        releaseLeg: () => undefined,
        recordCycle: (record: CycleRecord) => void records.push(record),
        formOwnConsensus: () => ({ cycleId, symbols: [], formedBy: 'cycle' }),
        hearGuests: () => [],
        openAsking: () => ({ notAsked: 'nobody is' }),
        beginAsking: () => undefined,
        keepAnswers: () => undefined,
        hearStanding: () => [],
        currentEpoch: () => 2,
        ...changes,
      };
      const noted = Object.entries(steps).map(([step, answer]) => [
        step,
        async (...args: never[]) => {
          did.push(`${step} on ${Context.current().info.taskQueue}`);
          return answer(...args);
        },
      ]);
      return Object.fromEntries(noted) as BooksActivities;
    },
    serve: (own) =>
      start(
        TaskQueue.books,
        createServedBooks(async () => own),
      ),
    serveCycles,
    startCycle: async (own) => (await serveCycles(own)).start('tradingCycle', {}),
    async close() {
      for (const rig of rigs) await rig.close();
    },
  };
}
