import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkerOptions } from '@temporalio/worker';
import type { TradingControlState } from '../../contracts/control.ts';
import { flattenWorkflowId } from '../../contracts/workflow-ids.ts';
import { startWorkflowRig, type WorkflowRig } from '../support/workflow-rig.ts';
import { ScriptedBooks, type ScriptedName, scriptedNames } from './scripted-books.ts';

/** One latch with books of its own, as a story of `latch-stories.ts` needs it. */
export interface LatchScene {
  environment: TestWorkflowEnvironment;
  books: ScriptedBooks;
  latch: WorkflowHandle;
  begin(input?: unknown): Promise<void>;
  stop(requestId: string, reason?: string): Promise<void>;
  state(): Promise<TradingControlState>;
  settled(): Promise<TradingControlState>;
  resume(expectedEpoch: number, more?: object): Promise<TradingControlState>;
  until(check: (now: TradingControlState) => boolean, withinMs?: number): Promise<TradingControlState>;
  /** Nobody works for it here. */
  endSelling(): Promise<void>;
  /** Runs of the latch, the present one included. */
  runs(): Promise<number>;
}

export interface LatchRig {
  scene(): LatchScene;
  close(): ReturnType<WorkflowRig['close']>;
}

/** One worker for many latches: each finds its own books by its workflow's id. */
export async function startLatchRig(
  environment: TestWorkflowEnvironment,
  options: Partial<WorkerOptions> = {},
): Promise<LatchRig> {
  const booksOf = new Map<string, PromiseWithResolvers<ScriptedBooks>>();
  const slot = (workflowId: string): PromiseWithResolvers<ScriptedBooks> => {
    const found = booksOf.get(workflowId) ?? Promise.withResolvers<ScriptedBooks>();
    booksOf.set(workflowId, found);
    return found;
  };
  const activity = (name: ScriptedName) => async (argument: never) => {
    const { workflowExecution } = Context.current().info;
    const books = await slot(workflowExecution?.workflowId ?? '').promise;
    const work: (argument: never) => unknown = books.activities()[name];
    return work(argument);
  };
  const activities = Object.fromEntries(scriptedNames.map((name) => [name, activity(name)]));
  const rig = await startWorkflowRig(environment, activities, { maxConcurrentActivityTaskExecutions: 500, ...options });
  const scenes: LatchScene[] = [];
  return {
    scene() {
      const scene = createScene(environment, rig, slot);
      scenes.push(scene);
      return scene;
    },
    close() {
      for (const { books } of scenes) books.releaseAll();
      return rig.close();
    },
  };
}

function createScene(
  environment: TestWorkflowEnvironment,
  rig: WorkflowRig,
  slot: (workflowId: string) => PromiseWithResolvers<ScriptedBooks>,
): LatchScene {
  // An account of its own, since a flattening is started once an account and epoch.
  const books = new ScriptedBooks(`main-${randomUUID()}`);
  let latch: WorkflowHandle | undefined;
  const running = (): WorkflowHandle => {
    if (!latch) throw new Error('the latch was not begun');
    return latch;
  };
  const state = () => running().query<TradingControlState>('state');
  return {
    environment,
    books,
    get latch() {
      return running();
    },
    async begin(input = {}) {
      latch = await rig.start('tradingControl', input);
      slot(latch.workflowId).resolve(books);
    },
    stop: (requestId, reason = requestId) => running().signal('emergencyStop', { reason, by: 'ann', requestId }),
    state,
    settled: () => running().executeUpdate<TradingControlState, []>('settled', { args: [] }),
    resume: (expectedEpoch, more = {}) =>
      running().executeUpdate<TradingControlState, [unknown]>('resume', {
        args: [{ reason: 'looked at it', by: 'ann', expectedEpoch, ...more }],
      }),
    async until(check, withinMs = 10_000) {
      const end = performance.now() + withinMs;
      for (;;) {
        const now = await state();
        if (check(now)) return now;
        if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${JSON.stringify(now)}`);
        await sleep(30);
      }
    },
    async endSelling() {
      const selling = environment.client.workflow.getHandle(flattenWorkflowId(books.control.account, 1));
      await selling.terminate('end of the test');
    },
    async runs() {
      let count = 0;
      const query = `WorkflowId = '${running().workflowId}'`;
      for await (const _run of environment.client.workflow.list({ query })) count += 1;
      return count;
    },
  };
}
