import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ProcessNews } from '../../client/stack/process-incidents.ts';
import { createSupervisor, type Supervisor } from '../../client/stack/supervisor.ts';
import { eventually, temporaryFolder } from './harness.ts';

let folder: ReturnType<typeof temporaryFolder>;
let supervisor: Supervisor;
let news: ProcessNews[];
/** So many times it was asked whether it works. */
let questions: number;

beforeEach(() => {
  folder = temporaryFolder();
  news = [];
  questions = 0;
  supervisor = createSupervisor({
    logFolder: folder.path,
    environment: {},
    logger: pino({ level: 'silent' }),
    onProcess: (one) => news.push(one),
    limits: { watchEveryMs: 20, watchFailures: 3 },
  });
});
afterEach(async () => {
  await supervisor.stop();
  folder.remove();
});

/** @param answers whether it does at its so-manieth question; the first is that for its readiness */
async function start(answers: (question: number) => boolean): Promise<void> {
  const probe = async (): Promise<string> => {
    questions += 1;
    if (questions > 1 && !answers(questions)) throw new Error('no answer');
    return 'http://here';
  };
  const args = ['-e', 'setInterval(() => {}, 1000)'];
  await supervisor.start([
    { name: 'one', command: process.execPath, args, probe, watched: true, protectsMoney: false },
  ]);
}

it('a process that answers each second question alone is ended and started again', async () => {
  await start((question) => question % 2 === 0);
  await eventually('an end', () => news.length > 0);
  expect(news[0]).toMatchObject({ name: 'one', fault: { code: 'process.hung' } });
  expect(questions).toBeLessThanOrEqual(7);
});

it('one that leaves a third of them out is let be', async () => {
  await start((question) => question % 3 !== 0);
  await eventually('many questions', () => questions > 30);
  expect(news).toEqual([]);
});
