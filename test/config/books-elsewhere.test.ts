import { afterEach, expect, it, vi } from 'vitest';
import { booksAreElsewhere } from '../../runtime/configuration/books.ts';

afterEach(() => vi.unstubAllEnvs());

const journalUrl = 'postgres://user:hunter2@host/books';

it.each([
  [undefined, {}, false],
  [undefined, { journalUrl }, false],
  ['queue', {}, true],
])('with SAPPHIRE_BOOKS=%s and %j the books are elsewhere: %s', (value, secrets, areElsewhere) => {
  vi.stubEnv('SAPPHIRE_BOOKS', value);
  expect(booksAreElsewhere(secrets)).toBe(areElsewhere);
});

it.each([
  ['here', {}, /SAPPHIRE_BOOKS is "here"/],
  ['', {}, /SAPPHIRE_BOOKS is set and empty/],
  ['queue', { journalUrl }, /SAPPHIRE_JOURNAL_URL .* gives it the key to them: take one/],
])('refuses SAPPHIRE_BOOKS=%s with %j, and shows no secret', (value, secrets, words) => {
  vi.stubEnv('SAPPHIRE_BOOKS', value);
  const asked = (): boolean => booksAreElsewhere(secrets);
  expect(asked).toThrow(words);
  expect(asked).not.toThrow(/hunter2/);
});
