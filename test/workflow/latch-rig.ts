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
  /** Asks until it is so. */
  eventually(check: () => boolean | Promise<boolean>, withinMs?: number): Promise<void>;
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
  const rig = await startWorkflowRig(environment, activities, {
    maxConcurrentActivityTaskExecutions: 500,
    // Nothing is held up any more when it closes, but a busy machine takes its time: a worker that is forced to end fails while its threads work.
    shutdownForceTime: '20s',
    ...options,
  });
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
  /** A story that fails meanwhile waits for no answer. */
  const quietly = <T>(answer: Promise<T>): Promise<T> => {
    answer.catch(() => undefined);
    return answer;
  };
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
    settled: () => quietly(running().executeUpdate<TradingControlState, []>('settled', { args: [] })),
    resume: (expectedEpoch, more = {}) => {
      const request = { reason: 'looked at it', by: 'ann', expectedEpoch, ...more };
      return quietly(running().executeUpdate<TradingControlState, [unknown]>('resume', { args: [request] }));
    },
    async until(check, withinMs = 10_000) {
      let now = await state();
      await eventually(async () => {
        now = await state();
        return check(now);
      }, withinMs).catch((error: unknown) => {
        throw new Error(`the latch says ${JSON.stringify(now)}`, { cause: error });
      });
      return now;
    },
    eventually,
    async endSelling() {
      const selling = environment.client.workflow.getHandle(flattenWorkflowId(books.control.account, 1));
      await selling.terminate('end of the test');
    },
    async runs() {
      const query = `WorkflowId = '${running().workflowId}'`;
      let count = 0;
      for await (const { runId } of environment.client.workflow.list({ query })) count += runId ? 1 : 0;
      return count;
    },
  };
}

async function eventually(check: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`it was not so within ${withinMs} ms`);
    await sleep(30);
  }
}
