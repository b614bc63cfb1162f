import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { type Beside, type Part, prepareBeside } from '../../client/stack/beside.ts';
import type { ProcessNews } from '../../client/stack/process-incidents.ts';
import type { ProcessSpec } from '../../client/stack/process-spec.ts';
import { defaultLimits } from '../../client/stack/supervised-process.ts';

const spec = (name: string): ProcessSpec => ({ name, command: 'true', args: [], protectsMoney: false });

let done: string[];
let news: ProcessNews[];
let said: string[];
let ending: AbortController;
afterEach(() => ending.abort());

function prepare(parts: readonly Part[], resumes: boolean): Beside {
  done = [];
  news = [];
  said = [];
  ending = new AbortController();
  return prepareBeside(parts, {
    resumes,
    logger: pino({ level: 'silent' }),
    ending: ending.signal,
    onProgress: (message) => said.push(message),
    onProcess: (one) => news.push(one),
    limits: { ...defaultLimits, longestBackoffMs: 1, longestPauseMs: 4 },
    supervisor: {
      start: async (specs) => {
        done.push(...specs.map(({ name }) => name));
        return specs.map(({ name }) => `http://${name}`);
      },
      serves: (name) => done.includes(name),
    },
  });
}

/** Cannot be fetched for its first tries. */
function unreachable(name: string, failures: number): Part & { tries: number } {
  const part = {
    names: [name],
    tries: 0,
    prepare: async () => {
      part.tries += 1;
      if (part.tries <= failures) throw new Error('PyPI is out of reach');
      return [spec(name)];
    },
  };
  return part;
}

it('one that cannot be prepared refuses a start with nothing at stake, in its own words, and starts nothing', async () => {
  const beside = prepare([unreachable('engines/freqtrade', 1)], false);
  await expect(beside.prepared).rejects.toThrow('PyPI is out of reach');
  expect(done).toEqual([]);
});

it('any other start leaves it out, which is an incident, and tries it again until it can be had', async () => {
  const freqtrade = unreachable('engines/freqtrade', 3);
  const beside = prepare([freqtrade, unreachable('engines/vader', 0)], true);
  expect(await beside.start()).toEqual([{ name: 'engines/vader', url: 'http://engines/vader' }]);
  expect(said[0]).toBe(
    'WARNING: engines/freqtrade: PyPI is out of reach. The others start without it; it is tried again and again.',
  );
  await expect.poll(() => news.at(-1)).toEqual({ name: 'engines/freqtrade' });
  expect(done).toEqual(['engines/vader', 'engines/freqtrade']);
  expect(news.slice(0, 3)).toEqual(
    Array.from({ length: 3 }, () => ({
      name: 'engines/freqtrade',
      fault: {
        code: 'process.ended',
        detail: 'it could not be prepared: PyPI is out of reach.',
        since: expect.any(Number),
      },
    })),
  );
});

it('one that takes its time keeps none of the others, and is started once it is there', async () => {
  const slow = Promise.withResolvers<ProcessSpec[]>();
  const beside = prepare(
    [{ names: ['engines/lag-llama'], prepare: () => slow.promise }, unreachable('engines/vader', 0)],
    true,
  );
  const started = beside.start();
  await expect.poll(() => done).toEqual(['engines/vader']);
  slow.resolve([spec('engines/lag-llama')]);
  expect(await started).toHaveLength(2);
});

it('nothing is tried any more once all is stopped', async () => {
  const part = unreachable('engines/freqtrade', 1_000);
  await prepare([part], true).start();
  await expect.poll(() => part.tries).toBeGreaterThan(2);
  ending.abort();
  const { tries } = part;
  await sleep(50);
  expect(part.tries - tries).toBeLessThanOrEqual(1);
});

it('what a part begins once it runs ends with the stack', async () => {
  let ended = false;
  const part = { ...unreachable('engines/freqtrade', 0), onStarted: () => () => (ended = true) };
  await prepare([part], true).start();
  expect(ended).toBe(false);
  ending.abort();
  expect(ended).toBe(true);
});
