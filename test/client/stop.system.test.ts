import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type StopReport, stopTrading } from '../../client/controls/stop.ts';
import type { FlattenResult, TradingControlState } from '../../contracts/control.ts';
import { UserError } from '../../contracts/errors.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { temporaryJournal } from '../support/books.ts';

const request = { requestId: 'r-1', account: 'main', reason: 'prices look wrong', by: 'ann', flatten: false };

const controlState: TradingControlState = {
  account: 'main',
  halted: true,
  epoch: 1,
  reason: request.reason,
  by: 'ann',
  fenced: true,
  quiet: true,
  cancelled: [],
  remaining: [],
  failed: [],
  unresolved: [],
  trouble: [],
};

/** Answers as a Temporal server with workers does; what was signalled and asked is kept. */
function temporalThatSays(states: TradingControlState[], selling: (undefined | 'RUNNING' | FlattenResult)[] = []) {
  const signals: unknown[] = [];
  const asked: string[] = [];
  const workflow = {
    signalWithStart: async (_type: string, { signalArgs }: { signalArgs: unknown[] }) => {
      signals.push(...signalArgs);
      return { query: async () => (states.length > 1 ? states.shift() : states[0]) };
    },
    getHandle: (workflowId: string) => {
      asked.push(workflowId);
      return {
        describe: async () => {
          const now = selling.length > 1 ? selling.shift() : selling[0];
          if (now === undefined) throw new WorkflowNotFoundError('none', workflowId, undefined);
          return { status: { name: now === 'RUNNING' ? now : 'COMPLETED' } };
        },
        result: async () => selling[0],
      };
    },
  };
  const withDeadline = (_deadline: number, work: () => Promise<unknown>) => work();
  return { client: { workflow, withDeadline } as unknown as Client, signals, asked };
}

describe('stop', () => {
  let journal: Journal;
  const progress: string[] = [];
  beforeEach(async () => {
    journal = await temporaryJournal();
    progress.length = 0;
  });
  afterEach(() => journal.close());
  const tools = (client: Client) => ({
    journal: async () => journal,
    temporal: async () => client,
    onProgress: (message: string) => void progress.push(message),
    onStanding: ({ note }: StopReport) => void progress.push(note),
  });

  it('writes the halt row, signals, and waits until trading control is quiet at that epoch', async () => {
    const before = { ...controlState, halted: false, epoch: 0, quiet: true };
    const { client, signals } = temporalThatSays([before, { ...controlState, quiet: false }, controlState]);
    const report = await stopTrading(request, tools(client), 5_000);
    expect(report).toMatchObject({ fenced: true, quiet: true, epoch: 1, note: '' });
    expect(signals).toEqual([{ requestId: 'r-1', reason: 'prices look wrong', by: 'ann' }]);
    expect(await journal.control.read('main')).toMatchObject({ tradingState: 'halted', epoch: 1 });
  });

  it('is fenced without Temporal, and says what to do', async () => {
    const unreachable = async (): Promise<Client> => {
      throw new UserError('TemporalUnreachable', 'No Temporal server answers.');
    };
    const report = await stopTrading(request, { ...tools({} as Client), temporal: unreachable }, 5_000);
    expect(report).toMatchObject({ fenced: true, quiet: false, epoch: 1 });
    expect(report.note).toBe(
      'No Temporal server answers. What is open at the exchange may stay open until then: "./sapphire stop --break-glass" needs no Temporal.',
    );
  });

  it('signals without the journal, and is fenced as soon as trading control says so', async () => {
    const { client, signals } = temporalThatSays([{ ...controlState, reason: 'an older stop' }, controlState]);
    const gone = { ...tools(client), journal: () => Promise.reject(new Error('no such server')) };
    const report = await stopTrading(request, gone, 5_000);
    expect(signals).toHaveLength(1);
    expect(report).toMatchObject({ fenced: true, quiet: true, epoch: 1 });
    // Trading control has written it meanwhile.
    expect(report.note).toBe('');
    const nobody = temporalThatSays([{ ...controlState, reason: 'an older stop' }]);
    const unanswered = await stopTrading(request, { ...gone, temporal: async () => nobody.client }, 300);
    expect(unanswered).toMatchObject({ fenced: false, quiet: false, epoch: undefined });
    expect(unanswered.note).toMatch(/^The halt row could not be written: no such server\. Only the signal was sent\./);
  });

  it('says within five seconds what it could not do, while it goes on', async () => {
    const { client } = temporalThatSays([{ ...controlState, reason: 'an older stop' }]);
    const startedAt = performance.now();
    const said: [words: string, afterMs: number][] = [];
    const onProgress = (words: string): void => void said.push([words, performance.now() - startedAt]);
    const onStanding = ({ note }: StopReport): void => onProgress(note);
    const gone = {
      ...tools(client),
      onProgress,
      onStanding,
      journal: () => Promise.reject(new Error('no such server')),
    };
    const silent = { ...gone, journal: () => new Promise<never>(() => undefined) };
    const [, report] = await Promise.all([stopTrading(request, gone, 6_000), stopTrading(request, silent, 6_000)]);
    const signal = 'Not quiet yet: trading control cancels what is open and looks twice.';
    expect(said.filter(([, afterMs]) => afterMs < 5_000).map(([words]) => words)).toEqual(
      expect.arrayContaining([
        `NOT FENCED yet. The halt row could not be written: no such server. ${signal}`,
        `NOT FENCED yet. The halt row is not written yet: the journal does not answer. ${signal}`,
      ]),
    );
    // Nor does a journal that never answers hold up the end.
    expect(report.note).toMatch(
      /^The halt row is not written yet: the journal does not answer\. Only the signal was sent\./,
    );
  }, 15_000);

  it('says so of a signal that Temporal has not taken, too', async () => {
    const slow = () => sleep(3_000).then(() => Promise.reject(new Error('no server')));
    await stopTrading(request, { ...tools({} as Client), temporal: slow }, 5_000);
    expect(progress).toContain(
      'Fenced at epoch 1. Temporal has not taken the signal yet: what is open at the exchange stays open.',
    );
  });

  it('does not say that only the signal was sent where that was not sent either', async () => {
    const fails = (words: string) => () => Promise.reject(new Error(words));
    const report = await stopTrading(
      request,
      { ...tools({} as Client), journal: fails('no books'), temporal: fails('no server') },
      300,
    );
    expect(report).toMatchObject({ fenced: false, quiet: false });
    expect(report.note).toMatch(/^The halt row could not be written: no books\. no server\./);
  });

  it('with flatten waits for the selling, which trading control starts after a while', async () => {
    const sold: FlattenResult = { sold: [{ symbol: 'BTC/USDT', quantity: '0.1' }], dust: [], held: [] };
    const { client, signals, asked } = temporalThatSays([{ ...controlState, epoch: 4 }], [undefined, 'RUNNING', sold]);
    const report = await stopTrading({ ...request, flatten: true }, tools(client), 5_000);
    expect(signals).toEqual([expect.objectContaining({ flatten: true })]);
    // The selling belongs to the epoch that trading control halted at.
    expect(asked).toEqual(['flatten/main/4']);
    expect(report).toMatchObject({ quiet: true, flattened: sold, note: '' });
  });

  it('with flatten says when the selling takes longer, and what is left meanwhile', async () => {
    const { client } = temporalThatSays([controlState], ['RUNNING']);
    const report = await stopTrading({ ...request, flatten: true }, tools(client), 2_500);
    expect(report.flattened).toBeUndefined();
    expect(report.note).toMatch(/^The selling has not come to its end after 2\.5 s/);
    expect(progress).toContain('selling: nothing left');
  });
});
