import { type Arbitrary, anything, assert, double, integer, object, oneof, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxReasonLength, plainText, printable, reasonSchema } from '../../contracts/text.ts';

const breaksLines = /[\p{C}\p{Zl}\p{Zp}]/u;
const bytes = (text: string) => Buffer.byteLength(text, 'utf8');

/** Every UTF-16 code unit, so that lone surrogates and control characters are frequent. */
const anyText: Arbitrary<string> = string({
  unit: oneof(
    integer({ min: 0, max: 0x2f }),
    integer({ min: 0x7f, max: 0xffff }),
    integer({ min: 0xd800, max: 0xdfff }),
  ).map((unit) => String.fromCharCode(unit)),
});

const circle: Record<string, unknown> = {};
circle['self'] = circle;

describe('text that a stranger gave', () => {
  it.each([
    ['', ''],
    [null, ''],
    [undefined, ''],
    [0, '0'],
    [false, 'false'],
    [7n, '7'],
    [Symbol('stop'), 'Symbol(stop)'],
    ['panic', 'panic'],
    ['x\u001b[2J\u001b]0;t\u0007\nforged line: trading is active', 'x [2J ]0;t forged line: trading is active'],
    ['a\r\nb\u2028c\u0085d\u202ee', 'a b c d e'],
    ['lone \ud800 surrogate', 'lone   surrogate'],
    ['\u200b\u0000 \n', ''],
    [{ reason: 'a\nb' }, '{"reason":"a\\nb"}'],
    [['a', 1], '["a",1]'],
    [new Error('no route\nto host'), 'Error: no route to host'],
    [circle, '[object Object]'],
    [{ count: 1n }, '[object Object]'],
    [Object.create(null, { toJSON: { value: () => undefined } }), '(object)'],
  ])('%# becomes one printable line', (value, expected) => {
    expect(plainText(value, 400)).toBe(expected);
  });

  it('is taken even where the value itself throws', () => {
    const fail = (): never => {
      throw new Error('hostile');
    };
    const hostile = new Proxy({}, { get: fail, has: fail, getPrototypeOf: fail, ownKeys: fail });
    expect(plainText(hostile, 400)).toBe('(object)');
    expect(plainText({ toJSON: fail, toString: fail }, 400)).toBe('(object)');
  });

  it.each([
    ['größer', 3, 'gr'],
    ['größer', 4, 'grö'],
    ['📉📈', 4, '📉'],
    ['📉📈', 7, '📉'],
    ['ab cd', 3, 'ab'],
    ['anything', 0, ''],
    ['anything', -1, ''],
    ['anything', Number.NaN, ''],
  ])('%s cut at %i bytes is %s', (value, maxBytes, expected) => {
    expect(plainText(value, maxBytes)).toBe(expected);
  });

  it('never throws, never exceeds its limit, and never holds what could end a line', () => {
    assert(
      property(
        oneof(anyText, anything({ withBigInt: true, withDate: true, withMap: true }), object()),
        double(),
        (value, limit) => {
          const text = plainText(value, limit);
          expect(bytes(text)).toBeLessThanOrEqual(limit > 0 ? limit : 0);
          expect(text).not.toMatch(breaksLines);
        },
      ),
    );
    assert(
      property(anyText, integer({ min: 0, max: 60 }), (value, limit) => {
        const text = plainText(value, limit);
        expect(bytes(text)).toBeLessThanOrEqual(limit);
        expect(text).not.toMatch(breaksLines);
        expect(printable(value).startsWith(text)).toBe(true);
      }),
    );
  });
});

describe('a reason', () => {
  it.each([
    ['weekly review', 'weekly review'],
    ['  two\nlines ', 'two lines'],
    ['x'.repeat(maxReasonLength), 'x'.repeat(maxReasonLength)],
  ])('%j is taken in one line', (given, expected) => {
    expect(reasonSchema.parse(given)).toBe(expected);
  });

  it.each([
    ['', /at least one printable character/],
    [' \t\n', /at least one printable character/],
    ['\u001b\u0007\u200b', /at least one printable character/],
    ['x'.repeat(401), /400 characters at most, this one has 401/],
    [7, /a reason is text/],
    [null, /a reason is text/],
  ])('%j is refused', (given, expected) => {
    expect(reasonSchema.safeParse(given).error?.issues[0]?.message).toMatch(expected);
  });
});
