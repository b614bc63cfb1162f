import type { Client } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAnswerWatch } from '../../activities/health/answers.ts';
import type { Observation } from '../../domain/health/health.ts';
import type { Journal } from '../../stores/journal/port.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const holding = { symbol: 'BTC/USDT', quantity: '1', averageCost: '1', openedAt: BEGIN - 60_000 };

describe('what guards money', () => {
  /** What each workflow answers; an error is a silence. */
  let answers: Record<string, unknown>;
  /** How long an answer takes, of a workflow and of Temporal alone. */
  let takesMs: { workflow: number; temporal: number };
  let watch: ReturnType<typeof createAnswerWatch>;
  beforeEach(() => {
    vi.useFakeTimers({ now: BEGIN });
    answers = {};
    takesMs = { workflow: 0, temporal: 0 };
    /** As a call with a deadline ends. */
    const after = async (ms: number): Promise<void> => {
      if (ms === 0) return;
      const leftMs = deadline - Date.now();
      await new Promise((resolve) => setTimeout(resolve, Math.min(ms, leftMs)));
      if (ms > leftMs) throw new Error('4 DEADLINE_EXCEEDED');
    };
    let deadline = 0;
    const client = {
      withDeadline: (at: number, work: () => Promise<unknown>) => {
        deadline = at;
        return work();
      },
      workflow: {
        getHandle: (workflowId: string) => ({
          query: async () => {
            await after(takesMs.workflow);
            const answer = answers[workflowId];
            if (answer instanceof Error) throw answer;
            return answer;
          },
          describe: () => after(takesMs.temporal),
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

  /** What a look says that waits for it, each ten seconds. */
  async function looks(look: () => Promise<Observation[]>, seconds: number): Promise<(string | undefined)[]> {
    const said: (string | undefined)[] = [];
    for (let second = 0; second <= seconds; second += 10) {
      const pending = look();
      await vi.advanceTimersByTimeAsync(10_000);
      const found = await pending;
      said.push(found.length === 0 ? 'unknown' : found[0]?.code);
    }
    return said;
  }

  it.each(['control', 'exits'] as const)('is not missed in %s while it answers late', async (part) => {
    answers = { 'trading-control': {}, 'protect/main/BTC/USDT': { barriers: {} } };
    takesMs = { workflow: 5_000, temporal: 2_000 };
    expect(new Set(await looks(watch[part], 60))).toEqual(new Set([undefined]));
  });

  it('is missed when a stop waits for its fence, though the answer comes late', async () => {
    takesMs = { workflow: 5_000, temporal: 2_000 };
    answers['trading-control'] = { waitingSince: BEGIN, trouble: ['locked'] };
    expect(await looks(watch.control, 20)).toEqual([undefined, undefined, 'control.silent']);
  });

  it.each(['control', 'exits'] as const)('is unknown of %s while Temporal itself answers nothing', async (part) => {
    answers = { 'trading-control': {}, 'protect/main/BTC/USDT': { barriers: {} } };
    takesMs = { workflow: 3_600_000, temporal: 3_600_000 };
    const said = await looks(watch[part], 60);
    expect(new Set(said.slice(2))).toEqual(new Set(['unknown']));
    takesMs.temporal = 2_000;
    expect(await looks(watch[part], 10)).toEqual([`${part}.silent`, `${part}.silent`]);
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
