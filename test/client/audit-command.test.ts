import { userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { createProgram } from '../../client/cli/program.ts';
import { DEMO_LABEL } from '../../contracts/demo.ts';
import { ExitCode } from '../../contracts/errors.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { openJournal } from '../../stores/journal/open.ts';
import { temporaryFolder } from '../support/books.ts';

const original = { ...process.env };
const data = temporaryFolder();
let written = '';
beforeAll(async () => {
  Object.assign(process.env, { SAPPHIRE_DATA: data });
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => (written += String(text)) !== '');
  const journal = await openJournal(loadConfiguration());
  await journal.control.raiseHalt({ requestId: 'h', account: 'main', reason: 'too hot', by: 'ann' });
  await journal.close();
});
afterEach(() => {
  written = '';
  process.exitCode = 0;
});
afterAll(() => {
  vi.restoreAllMocks();
  process.env = original;
});

const run = async (...args: string[]): Promise<typeof process.exitCode> => {
  await (await createProgram(args[0])).parseAsync(args, { from: 'user' });
  return process.exitCode;
};
const verify = (...args: string[]) => run('audit', 'verify', ...args);

it('audit verify finds nothing in books that were changed by their own doors alone', async () => {
  expect(await verify()).toBe(ExitCode.ok);
  expect(written).toMatch(
    /^paper, demo: .*\n1 entries, unbroken, and the books are as they tell; 0 of them in the warehouse/,
  );
});

it('audit verify takes a head as its own hint abbreviates it, and finds one that is not in the trail', async () => {
  await verify();
  const [, hint = ''] = /audit verify --head (\S+)"/.exec(written) ?? [];
  const [, head = ''] = /^head ([0-9a-f]+)$/m.exec(written) ?? [];
  for (const held of [hint, `${head.slice(0, 12)}...`, head])
    expect([held, await verify('--head', held)]).toEqual([held, 0]);
  written = '';
  expect(
    await verify(
      '--head',
      head.replace(/./, (digit) => (digit === '0' ? '1' : '0')),
    ),
  ).toBe(ExitCode.unhealthy);
  expect(written).toContain('that you hold is not in the trail');
});

it('a command is signed by the name that was claimed, and by the user who ran it', async () => {
  const claimed = ['--reason', 'holidays', '--by', 'evil.example'];
  const journal = await openJournal(loadConfiguration());
  await journal.risk.adopt('main', loadConfiguration().risk);
  const before = await journal.audit.lastPlace();
  await run('risk', 'set', 'maxDailyLoss=0.02', ...claimed);
  expect(await journal.audit.after(before, 10)).toEqual([
    expect.objectContaining({
      kind: 'risk.changed',
      by: 'evil.example',
      reason: 'holidays',
      via: `os:${userInfo().username}`,
    }),
  ]);
  await journal.close();
  written = '';
  await run('audit', 'list');
  expect(written).toMatch(new RegExp(`risk\\.changed +evil\\.example +os:${userInfo().username} +holidays`));
});

it('audit verify names what was written past the journal, and ends with 6', async () => {
  const file = new DatabaseSync(join(data, 'journal.db'));
  file.exec("UPDATE control SET trading_state = 'active', live_enabled = 1");
  file.close();
  expect(await verify()).toBe(ExitCode.unhealthy);
  expect(written).toBe(
    [
      `paper, ${DEMO_LABEL}`,
      'The audit trail, or what it tells of, was changed.',
      'tradingState of trading of main is active, and entry 1 had left it at halted',
      'liveEnabled of trading of main is true, and entry 1 had left it at false',
      '',
    ].join('\n'),
  );
  written = '';
  expect(await verify('--json')).toBe(ExitCode.unhealthy);
  expect(JSON.parse(written)).toMatchObject({
    entries: 3,
    faults: [/tradingState/, /liveEnabled/].map((one) => expect.stringMatching(one)),
  });
});
