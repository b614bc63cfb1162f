import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { riskSchema } from '../../contracts/config/schema.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { NewEvent } from '../../stores/journal/books/outbox.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { createJournal } from '../../stores/journal/sql/journal.ts';
import { fund, leg, planLegs, sending, terms } from '../support/books.ts';
import { type AdapterName, adapterNames, booksOver, opener, startAdapter } from './adapters.ts';

/**
 * How long the fence takes while another process appends 5,000 events a second to the outbox, in batches of 100. Its p99 has to stay
 * below 20 ms. Usage: node test/journal/fence-load.ts
 */
const FENCES = 1_000;
const BATCH = 100;
const BATCHES_A_SECOND = 50;
/** Of the fences' own clock, between two: so that the rate of orders is what the limits let pass. */
const PACE_MS = 2_000;

function batch(number: number): NewEvent[] {
  return Array.from({ length: BATCH }, (_, index) => ({
    eventId: `load/${number}/${index}`,
    kind: 'load.appended',
    cycleId: tagged('cycle/main/1'),
    payload: { text: 'x'.repeat(200) },
  }));
}

/** The other process: appends until it is told to stop, then says how much it appended. */
async function append(adapter: AdapterName, address: string): Promise<void> {
  const journal = await createJournal(await opener(adapter, address)());
  const stopping = new AbortController();
  process.once('message', () => stopping.abort());
  process.send?.({ ready: true });
  const startedAt = performance.now();
  let batches = 0;
  while (!stopping.signal.aborted) {
    await journal.outbox.append(batch(batches));
    batches += 1;
    await sleep(Math.max(0, startedAt + (batches * 1_000) / BATCHES_A_SECOND - performance.now()));
  }
  const perSecond = (batches * BATCH * 1_000) / (performance.now() - startedAt);
  await journal.close();
  process.send?.({ perSecond });
  process.disconnect();
}

async function times(journal: Journal, name: string, clock: { now: number }): Promise<number[]> {
  const measured: number[] = [];
  for (let number = 0; number < FENCES; number += 1) {
    clock.now += PACE_MS;
    const order = leg({ legId: `${name}-${number}`, cycleId: `${name}/${number}`, quantity: '0.0001' });
    await planLegs(journal, order);
    await sleep(Math.random() * 20);
    const startedAt = performance.now();
    const { passed, intent } = await journal.intents.openFence(order, terms(order), sending(clock.now));
    measured.push(performance.now() - startedAt);
    if (!passed) throw new Error(`${order.legId} did not pass`);
    // As the exchange ends an order that takes nothing at once: no account has a thousand open ones.
    await journal.intents.report({ intentId: intent.intentId, state: 'expired', fills: [] });
  }
  return measured.sort((a, b) => a - b);
}

function say(adapter: AdapterName, what: string, sorted: readonly number[]): void {
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(2);
  console.log(`${adapter}: fence ${what}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(0.9999)} ms`);
}

async function reply(child: ChildProcess): Promise<{ perSecond?: number }> {
  const [message] = (await once(child, 'message')) as [{ perSecond?: number }];
  return message;
}

async function measure(name: AdapterName): Promise<void> {
  const adapter = await startAdapter(name);
  const clock = { now: Date.now() };
  const address = await adapter.place();
  const journal = await booksOver(await opener(name, address)(() => clock.now));
  await journal.risk.adopt('main', riskSchema.parse({ maxOrdersPerMinute: 60 }));
  await fund(journal, '1000000');
  say(name, 'alone', await times(journal, 'alone', clock));

  const child = fork(fileURLToPath(import.meta.url), ['append', name, address]);
  await reply(child);
  say(name, 'beside the appender', await times(journal, 'beside', clock));
  child.send('stop');
  const { perSecond } = await reply(child);
  console.log(`${name}: the other process appended ${perSecond?.toFixed(0)} events a second`);
  await journal.close();
  await adapter.stop();
}

const [, , role, adapter, address] = process.argv;
if (role === 'append' && address !== undefined) {
  await append(adapter === 'postgres' ? 'postgres' : 'sqlite', address);
} else {
  for (const name of adapterNames) await measure(name);
}
