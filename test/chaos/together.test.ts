import { describe, expect, it } from 'vitest';
import { TaskQueue } from '../../contracts/task-queues.ts';
import type { Fill } from '../../domain/orders/orders.ts';
import { scheduleOf } from './schedule.ts';
import { createShares, exitsInTime, exitsOf } from './together.ts';

const fill = (side: 'buy' | 'sell', quantity: string, seconds: number): Fill =>
  ({ symbol: 'BTC/USDT', side, quantity, price: '60000', filledAt: seconds * 1_000 }) as unknown as Fill;

describe('exits in time', () => {
  const late = (fills: Fill[], closures: { symbol: string; from: number; to: number }[] = []): number =>
    exitsInTime(exitsOf({ fills }, { closures })).length;

  it.each([
    ['sold at its time', [fill('buy', '1', 0), fill('sell', '1', 60)], 0],
    ['sold by parts, dust left', [fill('buy', '1', 0), fill('sell', '0.5', 50), fill('sell', '0.49999', 150)], 0],
    ['sold late', [fill('buy', '1', 0), fill('sell', '1', 151)], 1],
    ['bought again meanwhile', [fill('buy', '1', 0), fill('buy', '1', 100), fill('sell', '2', 151)], 1],
    ['two in a row', [fill('buy', '1', 0), fill('sell', '1', 100), fill('buy', '1', 101), fill('sell', '1', 200)], 0],
    ['heard of in another order', [fill('sell', '1', 160), fill('buy', '1', 0)], 1],
  ])('%s', (_words, fills, times) => expect(late(fills)).toBe(times));

  it('are not asked for while the market is closed', () => {
    const fills = [fill('buy', '1', 0), fill('sell', '1', 170)];
    expect(late(fills, [{ symbol: 'BTC/USDT', from: 100_000, to: 130_000 }])).toBe(0);
    expect(late(fills, [{ symbol: 'ETH/USDT', from: 100_000, to: 130_000 }])).toBe(1);
    expect(late(fills, [{ symbol: 'BTC/USDT', from: 165_000, to: Number.MAX_SAFE_INTEGER }])).toBe(1);
  });
});

describe('the share of each machine', () => {
  it('is counted by the process that took an activity, without those that one machine alone serves', () => {
    const machines = [[1, 2], [3]].map((pids) => ({ has: (pid: number) => pids.includes(pid) }));
    const { note, shares } = createShares({ machines } as unknown as Parameters<typeof createShares>[0]);
    const scheduled = (eventId: number, name: string) => ({
      eventId,
      activityTaskScheduledEventAttributes: { taskQueue: { name } },
    });
    const started = (scheduledEventId: number, identity: string) => ({
      activityTaskStartedEventAttributes: { scheduledEventId, identity },
    });
    const events = [
      ...[1, 2, 3, 4].map((id) => scheduled(id, id === 4 ? TaskQueue.housekeeping : TaskQueue.books)),
      started(1, '1@a'),
      started(2, '3@b'),
      started(3, '3@b'),
      started(4, '2@a'),
    ];
    note({ events } as unknown as Parameters<typeof note>[0]);
    expect(shares()).toEqual([1 / 3, 2 / 3]);
  });
});

describe('the schedule of two stacks', () => {
  const kinds = (stacks: 1 | 2): Set<string> =>
    new Set([...scheduleOf(7, 200, stacks).values()].flat().map(({ kind }) => kind));

  it('has the attacks of one, and those on machines', () => {
    expect([...kinds(2)].filter((kind) => !kinds(1).has(kind)).toSorted()).toEqual([
      'ingestor',
      'machine',
      'server',
      'takeover',
    ]);
    expect([...kinds(1)].every((kind) => kinds(2).has(kind))).toBe(true);
  });

  it('strikes each machine, whole and by its processes, and seldom both', () => {
    const actions = [...scheduleOf(7, 200, 2).values()].flat();
    const fallen = actions.flatMap((action) => (action.kind === 'machine' ? [action.machines.join('+')] : []));
    expect(new Set(fallen)).toEqual(new Set(['0', '1', '0+1']));
    expect(fallen.filter((places) => places === '0+1').length).toBeLessThan(fallen.length / 4);
    const killed = new Set(actions.flatMap((action) => (action.kind === 'kill' ? [action.victim] : [])));
    expect(killed).toContain('second/workers/control');
    expect(killed).toContain('workers/control');
  });
});
