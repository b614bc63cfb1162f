import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureTradingControl } from '../../activities/control/ensure.ts';
import { temporaryJournal } from '../support/books.ts';
import { startDevServer } from '../support/temporal.ts';
import { testApi } from './harness.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());

async function withTemporal() {
  const journal = await temporaryJournal();
  const test = await testApi({ journal: async () => journal, temporal: async () => environment.client });
  const post = (url: string, payload: object, key: string) =>
    test.ask('POST', url, { payload, headers: { 'idempotency-key': key } });
  return { ...test, journal, post };
}

it('sets, pauses and resumes the schedule, with who and why in its note', async () => {
  const { ask, post, journal } = await withTemporal();
  const none = await ask('GET', '/api/v1/schedule');
  expect([none.statusCode, none.json().code]).toEqual([404, 'ScheduleMissing']);
  const made = await post('/api/v1/schedule', { intervalSeconds: 3_600, reason: 'a quiet market' }, 'one');
  expect(made.json()).toMatchObject({ intervalSeconds: 3_600, paused: false });
  const paused = await post('/api/v1/schedule/pause', { reason: 'a look' }, 'two');
  expect(paused.json()).toMatchObject({ paused: true, note: 'a look (ann)' });
  expect((await ask('GET', '/api/v1/schedule')).json().data).toMatchObject({ paused: true });
  await post('/api/v1/schedule/resume', { reason: 'seen' }, 'three');
  // The first key pauses nothing again.
  expect((await post('/api/v1/schedule/pause', { reason: 'a look' }, 'two')).json()).toMatchObject({ paused: true });
  expect((await ask('GET', '/api/v1/schedule')).json().data).toMatchObject({ paused: false, note: 'seen (ann)' });
  await journal.close();
});

it('starts one cycle for one key, also where the first answer was lost', async () => {
  const { post, journal } = await withTemporal();
  const { apiRequests } = journal;
  const answer = apiRequests.answer.bind(apiRequests);
  Object.assign(apiRequests, { answer: async () => Promise.reject(new Error('killed')) });
  const first = (await post('/api/v1/cycles', { symbols: ['BTC/USDT'] }, 'k')).json();
  Object.assign(apiRequests, { answer });
  expect((await post('/api/v1/cycles', { symbols: ['BTC/USDT'] }, 'k')).json()).toEqual(first);
  const other = (await post('/api/v1/cycles', {}, 'other')).json();
  expect(other.id).not.toBe(first.id);
  for (const { id } of [first, other]) {
    const { status, type } = await environment.client.workflow.getHandle(id).describe();
    expect([status.name, type]).toEqual(['RUNNING', 'tradingCycle']);
  }
  const refused = await post('/api/v1/cycles', { symbols: ['DOGE/USDT'] }, 'third');
  expect([refused.statusCode, refused.json().code]).toEqual([404, 'NoSuchSymbol']);
  await journal.close();
});

it('tells of a latch that runs and does not answer, and of exits that nobody watches', async () => {
  const { ask, journal } = await withTemporal();
  await ensureTradingControl(environment.client, 'main');
  const { degraded, data } = (await ask('GET', '/api/system-status')).json();
  expect(degraded).toEqual([]);
  expect(data.guards).toMatchObject([{ workflowId: 'trading-control', answers: false }]);
  expect(data.control).toMatchObject({ tradingState: 'active', epoch: 0 });
  await journal.close();
});

it('stops by books and signal both, and says that nothing has answered yet', async () => {
  const { ask, journal } = await withTemporal();
  const reply = await ask('POST', '/api/v1/stop', { payload: { reason: 'hot' } });
  expect([reply.statusCode, reply.json()]).toMatchObject([202, { fenced: true, quiet: false }]);
  const { events } = await environment.client.workflow.getHandle('trading-control').fetchHistory();
  const signals = (events ?? []).filter(({ workflowExecutionSignaledEventAttributes: signal }) => signal);
  expect(signals.map((event) => event.workflowExecutionSignaledEventAttributes?.signalName)).toEqual(['emergencyStop']);
  await journal.close();
});
