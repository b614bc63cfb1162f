import { pino } from 'pino';
import { expect, it } from 'vitest';
import { observed } from '../../domain/health/health.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { takeLook } from '../../trading/health/look.ts';
import { temporaryJournal } from '../support/books.ts';

const at = 1_800_000_000_000;

it('each open incident is told by its component and what is wrong, and no longer once it is over', async () => {
  const journal = await temporaryJournal();
  const tools = { journal, logger: pino({ level: 'silent' }), startedAt: at };
  const fault = { code: 'temporal.slow', detail: 'two seconds' } as const;
  const told = async () =>
    (await metrics.incidentOpenedAt.get()).values.map(({ labels, value }) => ({ ...labels, value }));
  await takeLook(tools, at, [async () => [observed('temporal', fault), observed('exchange')]]);
  const [incident] = await journal.incidents.list({ limit: 5 });
  expect(await told()).toEqual([
    { component: 'temporal', code: 'temporal.slow', severity: incident?.severity, value: at / 1_000 },
  ]);
  await takeLook(tools, at + 10_000, [async () => [observed('temporal'), observed('exchange')]]);
  expect(await told()).toEqual([]);
  await journal.close();
});
