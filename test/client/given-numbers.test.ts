import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { duration, wholeNumber } from '../../client/cli/command.ts';

describe('a whole number', () => {
  const read = wholeNumber('--epoch', 0, 10);
  it.each([
    ['0', 0],
    ['10', 10],
  ])('%s is taken', (text, expected) => expect(read(text)).toBe(expected));

  it.each(['', ' ', '\t\n', '-1', '11', '1.5', 'x'])('%j is refused', (text) => {
    expect(() => read(text)).toThrow(InvalidArgumentError);
    expect(() => read(text)).toThrow('--epoch must be a whole number from 0 to 10.');
  });
});

describe('a length of time', () => {
  const read = duration('--for');
  it.each([
    ['1m', 60_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
  ])('%s is taken', (text, expected) => expect(read(text)).toBe(expected));

  it.each(['', '0m', '0h', '000d', '5', 'm', '-1h', '1.5h'])('%j is refused', (text) => {
    expect(() => read(text)).toThrow(InvalidArgumentError);
    expect(() => read(text)).toThrow(/^--for must be .* at least 1m/);
  });
});
