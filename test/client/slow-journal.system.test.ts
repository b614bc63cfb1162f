import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { breakGlass } from '../../client/controls/break-glass.ts';
import { type StopTools, stopTrading } from '../../client/controls/stop.ts';
import type { ControlState } from '../../stores/journal/books/control.ts';
import type { TradingPort } from '../../venues/port.ts';

const request = { requestId: 'r', account: 'main', mode: 'paper', reason: 'x', by: 'ann', flatten: false } as const;
const halted: ControlState = {
  tradingState: 'halted',
  epoch: 1,
  reason: 'x',
  changedBy: 'ann',
  changedAt: 0,
  liveEnabled: false,
};

/** As one that another process has locked. */
function slowJournal(forMs: number, refuses: boolean) {
  let isRaised = false;
  const raiseHalt = async (): Promise<ControlState> => {
    await sleep(forMs);
    if (refuses) throw new Error('database is locked');
    isRaised = true;
    return halted;
  };
  const intents = { listOpen: async () => [] };
  return { books: { control: { raiseHalt }, intents } as never, isRaised: () => isRaised };
}

describe.each([
  ['is written late', false],
  ['cannot be written', true],
])('where the halt row %s', (_name, refuses) => {
  it('the signal is sent within two seconds all the same', async () => {
    const { books, isRaised } = slowJournal(3_000, refuses);
    let signalledAt = 0;
    const begun = performance.now();
    const state = () => ({
      halted: refuses || isRaised(),
      epoch: 1,
      reason: 'x',
      fenced: true,
      quiet: refuses || isRaised(),
      cancelled: [],
      remaining: [],
      trouble: [],
    });
    const handle = { query: async () => state() };
    const signalWithStart = async () => {
      signalledAt = performance.now();
      return handle;
    };
    const client = { workflow: { signalWithStart }, withDeadline: (_at: number, ask: () => unknown) => ask() };
    const tools: StopTools = {
      journal: async () => books,
      temporal: async () => client as unknown as Client,
      onProgress: () => {},
      onStanding: () => {},
    };
    const report = await stopTrading(request, tools, 8_000);
    expect(signalledAt - begun).toBeLessThan(2_000);
    expect(report).toMatchObject({ fenced: true, quiet: true, epoch: 1 });
    // Trading control has written the row where we could not.
    expect(report.note).toBe('');
  });

  it('break-glass cancels within two seconds all the same', async () => {
    const { books } = slowJournal(3_000, refuses);
    const begun = performance.now();
    let cancelledAt = 0;
    const trading = {
      openOrders: async () => (cancelledAt === 0 ? [{ symbol: 'BTC/USDT', intentId: 'a' }] : []),
      cancel: async () => {
        cancelledAt = performance.now();
      },
    };
    const report = await breakGlass(
      request,
      {
        journal: async () => books,
        trading: async () => trading as unknown as TradingPort,
        onProgress: () => {},
        onStanding: () => {},
      },
      8_000,
    );
    expect(cancelledAt - begun).toBeLessThan(2_000);
    expect(report).toMatchObject({ fenced: !refuses, quiet: !refuses, cancelled: [{ intentId: 'a' }] });
    if (refuses) expect(report.note).toMatch(/could not be written: .*locked/);
  });
});
