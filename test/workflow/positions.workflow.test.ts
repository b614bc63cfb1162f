import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Guard, Watched, WatchRequest } from '../../activities/protection/index.ts';
import type { FlattenResult } from '../../contracts/control.ts';
import type { ExitQuestion } from '../../contracts/exits.ts';
import type { ProtectionResult } from '../../contracts/protection.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { Holding } from '../../domain/protection/protection.ts';
import { leg } from '../support/books.ts';
import { typed } from '../support/plain.ts';
import { startTimeSkipping } from '../support/temporal.ts';
import { inRig, type WorkflowRig } from '../support/workflow-rig.ts';
import { ended, gate } from './scripted-orders.ts';

const SYMBOL = 'BTC/USDT';
const given = { account: 'main', symbol: SYMBOL };

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTimeSkipping();
});
afterAll(() => environment.teardown());

/** Exits live on this queue, and go on there from any other one. */
const inControl = (activities: object, work: (rig: WorkflowRig) => Promise<void>) =>
  inRig(environment, activities, work, TaskQueue.control);

const held: Guard = {
  holding: { quantity: tagged('1'), averageCost: tagged('100'), openedAt: 1 },
  settings: { stopLoss: 0.1 },
};

describe('protectPosition', () => {
  it('looks again before it ends where it was told of a holding during its last look', async () => {
    const looking = gate();
    const looks: Guard[] = [{ settings: { stopLoss: 0.1 } }, held, { settings: { stopLoss: 0.1 } }];
    let [asked, watched] = [0, 0];
    const activities = {
      readGuard: async () => {
        asked += 1;
        if (asked === 1) await looking.pass();
        return looks[asked - 1];
      },
      watchPosition: async (): Promise<Watched> => {
        watched += 1;
        return { end: 'flat', highest: tagged('100') };
      },
    };
    await inControl(activities, async (rig) => {
      const handle = await rig.start('protectPosition', given);
      await looking.reached;
      await handle.signal('lookAgain');
      looking.open();
      expect(await handle.result()).toEqual({ symbol: SYMBOL, end: 'flat' } satisfies ProtectionResult);
    });
    expect({ asked, watched }).toEqual({ asked: 3, watched: 1 });
  });

  it('goes on from the highest price and the next order’s number, and forgets both with the holding', async () => {
    const [first, second] = [held.holding, typed<Holding>({ quantity: '2', averageCost: '50', openedAt: 2 })];
    const holdings = [first, first, second];
    let looks = 0;
    const requests: WatchRequest[] = [];
    const questions: ExitQuestion[] = [];
    const watches: Watched[] = [
      { end: 'hit', barrier: 'trailing_stop', highest: tagged('140') },
      { end: 'flat', highest: tagged('150') },
      { end: 'flat', highest: tagged('60') },
    ];
    const activities = {
      readGuard: async (): Promise<Guard> => {
        const holding = holdings[looks];
        looks += 1;
        return { settings: { stopLoss: 0.1 }, ...(holding ? { holding } : {}) };
      },
      watchPosition: async (request: WatchRequest) => {
        requests.push(request);
        return watches[requests.length - 1];
      },
      planExit: async (question: ExitQuestion) => {
        questions.push(question);
        if (question.attempt > 2) return { over: { dust: '0' } };
        return { leg: leg({ legId: `sph-exit-${question.attempt}`, side: 'sell', purpose: 'protect' }) };
      },
      placeOrder: async (order: OrderLeg) => ended(order, 'filled'),
    };
    await inControl(activities, async (rig) => {
      const memory = { openedAt: 1, highest: '120', attempt: 2 };
      await (await rig.start('protectPosition', { ...given, memory })).result();
    });
    expect(requests.map(({ highest, holding }) => [holding.openedAt, highest])).toEqual([
      [1, '120'],
      [1, '140'],
      [2, '50'],
    ]);
    expect(questions.map(({ attempt, key }) => [attempt, key])).toEqual([
      [2, `protect/${SYMBOL}/1`],
      [3, `protect/${SYMBOL}/1`],
    ]);
  });

  it('sells what it began to sell when somebody cancels it, and ends then', async () => {
    const planning = gate();
    const placed: string[] = [];
    const activities = {
      readGuard: async () => held,
      watchPosition: async (): Promise<Watched> => ({ end: 'hit', barrier: 'stop_loss', highest: tagged('100') }),
      planExit: async ({ attempt }: ExitQuestion) => {
        if (attempt > 1) return { over: { dust: '0' } };
        await planning.pass();
        return { leg: leg({ legId: 'sph-cut-exit', side: 'sell', purpose: 'protect' }) };
      },
      placeOrder: async (order: OrderLeg) => {
        placed.push(order.legId);
        return ended(order, 'filled');
      },
    };
    await inControl(activities, async (rig) => {
      const handle = await rig.start('protectPosition', given);
      await planning.reached;
      await handle.cancel();
      planning.open();
      await expect(handle.result()).rejects.toThrow();
      expect((await handle.describe()).status.name).toBe('CANCELLED');
    });
    expect(placed).toEqual(['sph-cut-exit']);
  });
});

describe('flatten', () => {
  it('sells every symbol whatever keeps another one, though somebody cancels it, and says what it could not', async () => {
    const planning = gate();
    const activities = {
      noteSelling: async () => undefined,
      heldSymbols: async () => [SYMBOL, 'ETH/USDT'],
      planExit: async ({ symbol, attempt }: ExitQuestion) => {
        if (symbol !== SYMBOL) return { wait: { quantity: '3', reason: 'reserved by another order' } };
        await planning.pass();
        if (attempt > 1) return { over: { dust: '0.1' } };
        return { leg: leg({ legId: 'sph-flat', symbol, side: 'sell', purpose: 'flatten', quantity: '2' }) };
      },
      placeOrder: async (order: OrderLeg) => ended(order, 'filled'),
    };
    await inRig(environment, activities, async (rig) => {
      const handle = await rig.start('flatten', 'main', 1);
      await planning.reached;
      await handle.cancel();
      planning.open();
      expect(await handle.result()).toEqual({
        sold: [{ symbol: SYMBOL, quantity: '2' }],
        dust: [{ symbol: SYMBOL, quantity: '0.1' }],
        held: [{ symbol: 'ETH/USDT', quantity: '3', reason: 'reserved by another order' }],
      } satisfies FlattenResult);
    });
  });
});
