import type { Client } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAnswerWatch } from '../../activities/health/answers.ts';
import type { Journal } from '../../stores/journal/port.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const holding = { symbol: 'BTC/USDT', quantity: '1', averageCost: '1', openedAt: BEGIN - 60_000 };

describe('what guards money', () => {
  /** What each workflow answers; an error is a silence. */
  let answers: Record<string, unknown>;
  let watch: ReturnType<typeof createAnswerWatch>;
  beforeEach(() => {
    vi.useFakeTimers({ now: BEGIN });
    answers = {};
    const client = {
      withDeadline: (_at: number, work: () => Promise<unknown>) => work(),
      workflow: {
        getHandle: (workflowId: string) => ({
          query: async () => {
            const answer = answers[workflowId];
            if (answer instanceof Error) throw answer;
            return answer;
          },
        }),
      },
    } as unknown as Client;
    const paidIn = { ...holding, symbol: 'BNB/USDT' };
    const ledger = {
      positions: async () => [holding, paidIn],
      neverBought: async () => [paidIn.symbol, holding.symbol],
    } as unknown as Journal['ledger'];
    // Nobody asks of exits that what was paid in does not have.
    watch = createAnswerWatch(client, { ledger }, { account: 'main', symbols: [holding.symbol] }, BEGIN);
  });
  afterEach(() => vi.useRealTimers());

  it.each([
    [14_999, undefined],
    [15_000, 'control.silent'],
  ])('is missed when the latch has not answered for %d ms: %s', async (ms, code) => {
    answers['trading-control'] = {};
    expect(await watch.control()).toEqual([{ component: 'control/main', detail: 'ok' }]);
    answers['trading-control'] = new Error('Workflow Task in failed state');
    vi.setSystemTime(BEGIN + ms);
    const [found] = await watch.control();
    expect(found?.code).toBe(code);
    if (code) expect(found?.detail).toBe("the stop's latch has not answered for 15 s: Workflow Task in failed state");
    answers['trading-control'] = {};
    expect((await watch.control())[0]?.code).toBeUndefined();
  });

  it('is missed when it never answered since the start, and not at once', async () => {
    answers['trading-control'] = new Error('no poller');
    expect((await watch.control())[0]?.code).toBeUndefined();
    vi.setSystemTime(BEGIN + 15_000);
    expect((await watch.control())[0]?.code).toBe('control.silent');
  });

  it('is missed when a stop waits for its fence', async () => {
    answers['trading-control'] = { waitingSince: BEGIN - 14_999, trouble: [] };
    expect((await watch.control())[0]?.code).toBeUndefined();
    answers['trading-control'] = { waitingSince: BEGIN - 15_000, trouble: ['the halt row cannot be written: locked'] };
    expect((await watch.control())[0]).toMatchObject({
      code: 'control.silent',
      detail: 'a stop has waited for its fence for 15 s: the halt row cannot be written: locked',
    });
  });

  it('is missed symbol by symbol where exits do not answer', async () => {
    answers['protect/main/BTC/USDT'] = { barriers: {} };
    expect(await watch.exits()).toEqual([{ component: 'exits/main', detail: 'ok' }]);
    answers['protect/main/BTC/USDT'] = new Error('Workflow Task in failed state');
    vi.setSystemTime(BEGIN + 20_000);
    expect((await watch.exits())[0]).toMatchObject({
      code: 'exits.silent',
      detail: 'exits do not answer: BTC/USDT for 20 s (Workflow Task in failed state)',
    });
  });
});
