import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { CycleSummary } from '../../contracts/cycle.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { decimal } from '../../domain/money/money.ts';
import type { Position } from '../../domain/portfolio/portfolio.ts';
import { Random } from '../../venues/simulated/market/random.ts';
import { MIN_NOTIONAL, symbols } from './settings.ts';
import type { ChaosStack } from './stack.ts';
import { until } from './wait.ts';
import { type Wishes, wishId } from './wishes.ts';

/** Who halts where the books cannot be explained. */
export const haltsFromWithin: readonly string[] = ['reconcile', 'ingestor'];

/** As the schedule's own cycles have it. */
const CYCLE_TIMEOUT_MS = 60_000;

export interface Traffic {
  /** Runs one cycle to its end and gives its id. Without wishes it turns what is held and what is not. */
  cycle(wishes?: Omit<Wishes, 'run' | 'number' | 'strength'>): Promise<string>;
  /** Symbols of which something is held that can be sold. */
  held(): Promise<Set<string>>;
  /** Waits until trading is active: cycles of a halted account are soon over and prove little. */
  untilActive(): Promise<void>;
  /** Halted for good: nothing waits for active trading any more. */
  giveUp(): void;
  readonly isGivenUp: boolean;
  readonly inFlight: number;
  readonly finished: number;
  /** How the cycles ended, with `TIMED_OUT` for those whose time was over. */
  readonly outcomes: Readonly<Record<string, number>>;
}

export function createTraffic(stack: ChaosStack, seed: number): Traffic {
  const outcomes: Record<string, number> = {};
  const run = Date.now();
  let number = 0;
  let inFlight = 0;
  let finished = 0;
  let isGivenUp = false;

  const held = async (): Promise<Set<string>> => {
    const positions = await stack.journal.ledger.positions('main');
    // What is too little to be sold is on its way to the dust book.
    const isSellable = ({ quantity, averageCost }: Position): boolean =>
      decimal(quantity).times(averageCost).greaterThan(MIN_NOTIONAL);
    return new Set(positions.filter(isSellable).map(({ symbol }) => symbol));
  };

  const start = async (workflowId: string): Promise<WorkflowHandle<() => Promise<CycleSummary>>> =>
    until('a cycle that could be started', 120_000, async () => {
      try {
        return await stack.client.workflow.start<() => Promise<CycleSummary>>('tradingCycle', {
          workflowId,
          taskQueue: TaskQueue.cycles,
          args: [],
          workflowExecutionTimeout: CYCLE_TIMEOUT_MS,
          workflowTaskTimeout: '3s',
        });
      } catch (error) {
        // The server died between its commit and its answer.
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        return stack.client.workflow.getHandle<() => Promise<CycleSummary>>(workflowId);
      }
    });

  return {
    held,
    async cycle(wishes) {
      number += 1;
      const random = new Random(seed, 1, number);
      const own = await held();
      const turned = symbols.filter(() => random.uniform() < 0.4);
      const workflowId = wishId({
        run,
        number,
        strength: 0.3 + 0.7 * random.uniform(),
        ...(wishes ?? {
          up: turned.filter((symbol) => !own.has(symbol)),
          down: turned.filter((symbol) => own.has(symbol)),
        }),
      });
      inFlight += 1;
      try {
        const handle = await start(workflowId);
        const outcome = await until('the end of a cycle', CYCLE_TIMEOUT_MS + 30_000, async () => {
          try {
            return (await handle.result()).outcome;
          } catch (error) {
            if (!(error instanceof WorkflowFailedError)) throw error;
            return error.cause?.name === 'TimeoutFailure' ? 'TIMED_OUT' : `FAILED: ${error.cause?.message}`;
          }
        });
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        return workflowId;
      } finally {
        inFlight -= 1;
        finished += 1;
      }
    },
    async untilActive() {
      await until('active trading', 180_000, async () => {
        const { tradingState, changedBy } = await stack.journal.control.read('main');
        // A halt from within is a finding, and nobody resumes it: the run goes on to its end with it.
        return isGivenUp || tradingState === 'active' || haltsFromWithin.includes(changedBy) || undefined;
      });
    },
    giveUp() {
      isGivenUp = true;
    },
    get isGivenUp() {
      return isGivenUp;
    },
    get inFlight() {
      return inFlight;
    },
    get finished() {
      return finished;
    },
    outcomes,
  };
}
