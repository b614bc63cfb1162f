import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { breakGlass } from '../../client/controls/break-glass.ts';
import { stopTrading } from '../../client/controls/stop.ts';
import type { TradingControlState } from '../../contracts/control.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { temporaryJournal } from '../support/books.ts';

/** Of the command; what comes before the stop takes one or two of five seconds. */
const SOON_MS = 4_000;
const WAIT_MS = 6_000;

let journal: Journal;
beforeAll(async () => {
  journal = await temporaryJournal();
});
afterAll(() => journal.close());

const never = (): Promise<never> => new Promise(() => undefined);
const journals = {
  'the journal answers': async () => journal,
  'the journal is away': () => Promise.reject(new Error('no such server')),
  'the journal is silent': never,
};

const NO_EXCHANGE = 'the exchange does not answer: connection refused';
const state = (trouble: string[]): TradingControlState => ({
  account: 'main',
  halted: true,
  epoch: 9,
  reason: 'an older stop',
  by: 'ann',
  fenced: true,
  quiet: false,
  cancelled: [],
  remaining: [],
  failed: [],
  unresolved: [],
  trouble,
});
const temporal = (query: () => Promise<unknown>) => async () => {
  const workflow = { signalWithStart: async () => ({ query }) };
  return { workflow, withDeadline: (_: number, work: () => Promise<unknown>) => work() } as unknown as Client;
};
const temporals = {
  'Temporal is away': () => Promise.reject(new Error('no Temporal server')),
  'Temporal is silent': never,
  'no worker runs': temporal(() => sleep(3_000).then(() => Promise.reject(new Error('no poller')))),
  'trading control answers': temporal(async () => state([])),
  'the exchange is away': temporal(async () => state([NO_EXCHANGE])),
};

const fenceWords: Record<keyof typeof journals, RegExp> = {
  'the journal answers': /Fenced at epoch \d/,
  'the journal is away': /The halt row could not be written: no such server\./,
  'the journal is silent': /The halt row is not written yet: the journal does not answer\./,
};
const restWords: Record<keyof typeof temporals, RegExp> = {
  'Temporal is away':
    /no Temporal server.*may stay open until then: "\.\/sapphire stop --break-glass" needs no Temporal/,
  'Temporal is silent': /Temporal has not taken the signal yet: what is open at the exchange stays open\./,
  'no worker runs': /The signal is sent, and trading control has not answered/,
  'trading control answers': /Not quiet yet: trading control cancels what is open/,
  'the exchange is away': /Not quiet yet: the exchange does not answer: connection refused/,
};

const combinations = (Object.keys(journals) as (keyof typeof journals)[]).flatMap((books) =>
  (Object.keys(temporals) as (keyof typeof temporals)[]).map((rest) => ({ books, rest })),
);

it.concurrent.each(combinations)(
  'a stop says soon what it did and what it could not do, for a person and a program: $books, $rest',
  async ({ books, rest }) => {
    const startedAt = performance.now();
    // As a program reads them: words alone, said between the steps, are no part of it.
    const told: { fenced: boolean; quiet: boolean; note: string }[] = [];
    const tell = (report: (typeof told)[number]): void => {
      if (performance.now() - startedAt < SOON_MS) told.push({ ...report });
    };
    const request = { requestId: `${books} ${rest}`, account: `${books} ${rest}`, reason: 'test', by: 'ann' };
    const tools = {
      journal: journals[books],
      temporal: temporals[rest],
      onProgress: () => undefined,
      onStanding: tell,
    };
    const stopping = stopTrading({ ...request, flatten: false }, tools, WAIT_MS).then(tell);
    await Promise.race([stopping, sleep(SOON_MS)]);
    expect(told.length).toBeGreaterThan(0);
    const isFenced = books === 'the journal answers';
    expect(told.at(-1)).toMatchObject({ fenced: isFenced, quiet: false });
    const words = told.map(({ note }) => note).join('\n');
    // A stop that ends at once says in its report that it is fenced, and in its note the rest alone.
    if (!(isFenced && rest === 'Temporal is away')) expect(words).toMatch(fenceWords[books]);
    expect(words).toMatch(restWords[rest]);
  },
);

it.concurrent.each([
  [
    'the exchange is away',
    () => Promise.reject(new Error('connection refused')),
    /does not answer: .*connection refused/,
  ],
  ['the exchange is silent', never, /Not quiet yet: the exchange has not said that nothing is open\./],
])('a stop without Temporal does so too: %s', async (_, trading, words) => {
  const told: { fenced: boolean; quiet: boolean; note: string }[] = [];
  const tools = {
    journal: journals['the journal answers'],
    trading,
    onProgress: () => undefined,
    onStanding: (report: (typeof told)[number]) => void told.push(report),
  };
  const request = { requestId: _, account: _, mode: 'paper' as const, reason: 'test', by: 'ann' };
  void breakGlass(request, tools, WAIT_MS).catch(() => undefined);
  await sleep(SOON_MS);
  expect(told).toMatchObject([{ fenced: true, quiet: false, note: expect.stringMatching(words) }]);
});
