import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { via } from '../../contracts/audit.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import type { ControlBook } from '../../stores/journal/books/control.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { Database } from '../../stores/journal/sql/database.ts';

import { openSqliteDatabase } from '../../stores/journal/sqlite/database.ts';
import { booksOver } from '../journal/adapters.ts';
import { cycleRecord, PAPER, temporaryFolder } from '../support/books.ts';

type Create = (database: Database) => ControlBook;
type Story = (control: ControlBook, journal: Journal) => Promise<void>;

const file = join(projectFolder, 'stores', 'journal', 'sql', 'control.ts');

/** The journal's own code of halts, with one place of it changed. */
async function createWith(find: string, replace: string): Promise<Create> {
  const source = readFileSync(file, 'utf8');
  if (source.split(find).length !== 2) throw new Error(`${file} does not hold exactly one: ${find}`);
  const code = stripTypeScriptTypes(source.replace(find, () => replace)).replaceAll(
    /from '(\..+?)'/gu,
    (_all, path: string) => `from '${new URL(path, pathToFileURL(file)).href}'`,
  );
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  const { createControlBook } = (await import(/* @vite-ignore */ url)) as { createControlBook: Create };
  return createControlBook;
}

const halted = { account: 'main', reason: 'x', by: 'ann' };
const resume = { account: 'main', reason: 'looked at it', by: 'ann' };

const stories = {
  async 'a resume is for the halt that was seen'(control) {
    await control.raiseHalts('main', [
      { ...halted, requestId: 'a', flatten: false },
      { ...halted, requestId: 'b', flatten: false },
    ]);
    expect(await control.resume({ ...resume, expectedEpoch: 1 })).toBeUndefined();
    expect(await control.read('main')).toMatchObject({ tradingState: 'halted', epoch: 2 });
  },
  async 'software ends no halt of a person'(control) {
    await control.raiseHalt({ ...halted, requestId: 'a' });
    expect(await control.resume({ ...resume, expectedEpoch: 1, onlyOver: 'reconcile' })).toBeUndefined();
    expect(await control.read('main')).toMatchObject({ tradingState: 'halted', changedBy: 'ann' });
  },
  async 'software ends no halt that bears its name alone'(control) {
    await control.raiseHalt({ ...halted, by: 'reconcile', via: via.system('risk'), requestId: 'a' });
    expect(await control.resume({ ...resume, expectedEpoch: 1, onlyOver: 'reconcile' })).toBeUndefined();
  },
  async 'a stop that is sent again after a resume is a stop again'(control) {
    const stops = [{ ...halted, requestId: 'a', flatten: false }];
    await control.raiseHalts('main', stops);
    expect(await control.raiseHalts('main', stops)).toMatchObject({ epoch: 1 });
    await control.resume({ ...resume, expectedEpoch: 1 });
    expect(await control.raiseHalts('main', stops)).toMatchObject({ tradingState: 'halted', epoch: 3 });
  },
  async 'software resets no mark'(control, journal) {
    await journal.cycles.record(cycleRecord({ cycleId: 'cycle/1', equity: '10000', finishedAt: 1_000 }));
    await journal.cycles.record(cycleRecord({ cycleId: 'cycle/2', equity: '9510', finishedAt: 2_000 }));
    await control.raiseHalt({ ...halted, by: 'reconcile', via: via.system('reconcile'), requestId: 'a' });
    const resumed = await control.resume({ ...resume, expectedEpoch: 1, onlyOver: 'reconcile' });
    expect(resumed).toMatchObject({ tradingState: 'active', epoch: 2 });
    expect(await journal.ledger.equityMarks('main')).toMatchObject({ dayOpen: '10000', highWater: '10000' });
  },
  async 'a resume is under an epoch of its own'(control) {
    await control.raiseHalt({ ...halted, requestId: 'a' });
    expect(await control.resume({ ...resume, expectedEpoch: 1 })).toMatchObject({ tradingState: 'active', epoch: 2 });
  },
  async 'a stop in force keeps no later one from being written'(control) {
    await control.raiseHalt({ ...halted, requestId: 'a' });
    expect(await control.raiseHalt({ ...halted, requestId: 'b', reason: 'y' })).toMatchObject({
      epoch: 2,
      reason: 'y',
    });
  },
  async 'a halt takes a reason of any length'(control) {
    const { reason } = await control.raiseHalt({ ...halted, requestId: 'a', reason: 'ä'.repeat(50_000) });
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(400);
  },
} satisfies Record<string, Story>;

const mutants: readonly (readonly [string, keyof typeof stories, string, string])[] = [
  [
    'the journal resumes whatever halt there is',
    'a resume is for the halt that was seen',
    "before.epoch !== expectedEpoch || before.tradingState !== 'halted'",
    "before.tradingState !== 'halted'",
  ],
  [
    'the journal does not ask whose halt it is',
    'software ends no halt of a person',
    '!(await isRaisedBy(transaction, account, before, onlyOver))',
    '!account',
  ],
  [
    'every resume resets the marks',
    'software resets no mark',
    "onlyOver === undefined && (await isRaisedBy(transaction, account, before, 'risk'))",
    'true',
  ],
  [
    'a resume goes on under the epoch of the halt',
    'a resume is under an epoch of its own',
    "tradingState: 'active',\n          epoch: before.epoch + 1,",
    "tradingState: 'active',\n          epoch: before.epoch,",
  ],
  [
    'a halt in force swallows the next',
    'a stop in force keeps no later one from being written',
    'const after: ControlState = {\n    ...before,',
    "if (before.tradingState === 'halted') return before;\nconst after = {\n    ...before,",
  ],
  ['a reason is written uncut', 'a halt takes a reason of any length', 'stopReason(request.reason)', 'request.reason'],
];

async function told(story: Story, create: Create): Promise<void> {
  const database = await openSqliteDatabase(join(temporaryFolder(), 'journal.db'), PAPER);
  try {
    const journal = await booksOver(database);
    await story(create(database), journal);
  } finally {
    await database.close();
  }
}

describe('the books of halts', () => {
  it.each(Object.entries<Story>(stories))('%s', async (_name, story) => {
    await told(story, await createWith('export function createControlBook', 'export function createControlBook'));
  });

  it.each(mutants)('are found to be wrong where %s', async (_name, story, find, replace) => {
    await expect(told(stories[story], await createWith(find, replace))).rejects.toThrow();
  });
});
