import { afterEach, expect, it, vi } from 'vitest';
import { startStack } from '../../client/stack/start.ts';
import { booksAreElsewhere } from '../../runtime/configuration/books.ts';
import { documentedCycles } from '../support/documented-cycles.ts';

afterEach(() => vi.unstubAllEnvs());

const journalUrl = 'postgres://user:hunter2@host/books';
const TOKEN = 'SAPPHIRE_COORDINATOR_TOKEN';
const GUARD = 'SAPPHIRE_GUARD_SECRET';
const given = 'hunter2-'.repeat(4);

function stub(books: string | undefined, variables: Record<string, string>): void {
  vi.stubEnv('SAPPHIRE_BOOKS', books);
  for (const name of [TOKEN, GUARD]) vi.stubEnv(name, variables[name]);
}

it.each([
  [undefined, {}, {}, false],
  [undefined, {}, { journalUrl }, false],
  ['queue', { [TOKEN]: given, [GUARD]: given }, {}, true],
])('with SAPPHIRE_BOOKS=%s, %j and %j the books are elsewhere: %s', (value, variables, secrets, areElsewhere) => {
  stub(value, variables);
  expect(booksAreElsewhere(secrets)).toBe(areElsewhere);
});

it.each([
  ['here', {}, {}, /SAPPHIRE_BOOKS is "here"/],
  ['', {}, {}, /SAPPHIRE_BOOKS is set and empty/],
  ['queue', {}, { journalUrl }, /SAPPHIRE_JOURNAL_URL .* gives it the key to them: take one/],
  ['queue', {}, {}, /needs SAPPHIRE_COORDINATOR_TOKEN and SAPPHIRE_GUARD_SECRET of the installation/],
  ['queue', { [TOKEN]: given }, {}, /needs SAPPHIRE_GUARD_SECRET of/],
  ['queue', { [GUARD]: given, [TOKEN]: '' }, {}, /needs SAPPHIRE_COORDINATOR_TOKEN of/],
])('refuses SAPPHIRE_BOOKS=%s with %j and %j, and shows no secret', (value, variables, secrets, words) => {
  stub(value, variables);
  const asked = (): boolean => booksAreElsewhere(secrets);
  expect(asked).toThrow(words);
  expect(asked).not.toThrow(/hunter2/);
});

it('"npm start" refuses the variable before it touches anything, since its cycles have the books', async () => {
  vi.stubEnv('SAPPHIRE_BOOKS', 'queue');
  const untouched = {} as Parameters<typeof startStack>[0];
  await expect(startStack(untouched)).rejects.toThrow('"npm start" runs cycles with the books: unset it.');
});

it('the docs name what such a process is started with', () => {
  const { variables, command } = documentedCycles();
  expect(variables).toMatchObject({ SAPPHIRE_BOOKS: 'queue', TEMPORAL_DEPLOYMENT_NAME: 'sapphire' });
  expect(command.at(-1)).toBe('workers/cycles.ts');
  stub('queue', Object.fromEntries(Object.keys(variables).map((name) => [name, given])));
  expect(booksAreElsewhere({})).toBe(true);
});
