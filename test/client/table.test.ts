import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textOf } from '../../client/cli/output.ts';
import { linesOf, type Screen, table, widthOf } from '../../client/cli/table.ts';

const orders = table(
  [
    'created',
    { title: 'id', least: 3 },
    { title: 'purpose', least: 2 },
    'side',
    'symbol',
    'state',
    { title: 'filled', least: 1 },
    'detail',
  ],
  [
    [
      '2026-01-05 10:00:00Z',
      'sphfd523443f011feef13f6078d-1',
      'open',
      'buy',
      'BTC/USDT',
      { text: 'denied', tone: 'bad' },
      '0',
      'An order on the symbol has an end that nobody knows yet, and so nothing opens there.',
    ],
    ['2026-01-05 10:00:30Z', 'sphf1bd52acecb3d64038eff16f-1', 'open', 'buy', '币安人生/USDT', 'filled', '12.5', ''],
  ],
);

const at = (width: number | undefined): Screen => ({ colour: false, ...(width === undefined ? {} : { width }) });

describe('a table', () => {
  it.each([80, 120, undefined])('fits a terminal of %s columns', async (width) => {
    const lines = linesOf(orders, at(width));
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width ?? 1_000);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`approved/table-${width ?? 'wide'}.txt`);
  });

  it('aligns its columns, and says none when there is nothing', () => {
    const rows = [
      ['x', 'y'],
      ['longer', ''],
    ];
    expect(linesOf(table(['a', 'long'], rows))).toEqual(['a       long', '──────  ────', 'x       y', 'longer']);
    expect(linesOf(table(['a'], []), at(80))).toEqual(['none']);
  });

  it('breaks no id while words can give', () => {
    const id = 'process-workers-housekeeping-1796085224631';
    const cells = [id, 'recovered (itself)', 'workers/housekeeping does not answer at http://127.0.0.1:9464'];
    expect(linesOf(table(['incident', 'state', 'detail'], [cells]), at(72)).join('\n')).toContain(id);
  });

  it('leaves out what is empty before what matters', () => {
    const lines = linesOf(table(['a', 'nothing said of it', 'b'], [['x'.repeat(25), '', 'y'.repeat(10)]]), at(40));
    expect(lines).toEqual([
      'a                          b',
      '─────────────────────────  ──────────',
      'xxxxxxxxxxxxxxxxxxxxxxxxx  yyyyyyyyyy',
    ]);
  });

  const words = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '人', '-'), maxLength: 60 });
  const anyTable = fc.array(fc.option(fc.nat({ max: 3 })), { minLength: 1, maxLength: 9 }).chain((leasts) =>
    fc.record({
      columns: fc.constant(
        leasts.map((least, column) => ({ title: `c${column}`, ...(least === null ? {} : { least }) })),
      ),
      rows: fc.array(fc.array(words, { minLength: leasts.length, maxLength: leasts.length }), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  );

  it('fits every terminal, and loses no letter of the columns that it shows', () => {
    fc.assert(
      fc.property(anyTable, fc.integer({ min: 40, max: 200 }), ({ columns, rows }, width) => {
        const lines = linesOf({ columns, rows }, at(width));
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
        const isLastNote = lines.at(-1)?.startsWith('--wide shows') ?? false;
        const noted = isLastNote ? [...(lines.at(-1) ?? '').matchAll(/c\d/g)].map(String) : [];
        const shown = columns.flatMap(({ title }, index) => (noted.includes(title) ? [] : [index]));
        const letters = (texts: readonly string[]): number => texts.join('').replaceAll(/[^ab人]/g, '').length;
        const body = isLastNote ? lines.slice(2, -1) : lines.slice(2);
        expect(letters(body)).toBe(letters(rows.flatMap((row) => shown.map((index) => row[index] ?? ''))));
      }),
    );
  });

  it('paints a state where there are colours, and its columns stay where they were', () => {
    const painted = linesOf(orders, { width: 80, colour: true });
    expect(painted.join('\n')).toContain('\u001b[31mdenied\u001b[39m');
    expect(painted.map((line) => stripVTControlCharacters(line))).toEqual(linesOf(orders, at(80)));
  });
});

describe('a line', () => {
  const line = 'account main: trading is halted since this morning, and a person has to resume it';

  it('is whole where there is no terminal', () => {
    expect(textOf(line)).toBe(`${line}\n`);
  });

  it('is broken between words, a little further in', () => {
    expect(textOf(`  ${line}`, at(40))).toBe(
      '  account main: trading is halted since\n    this morning, and a person has to\n    resume it\n',
    );
  });

  it('leaves whole what is to be copied', () => {
    const id = `cycle/main/${'x'.repeat(60)}`;
    expect(textOf(`the cycle ${id} ended`, at(40))).toBe(`the cycle\n  ${id}\n  ended\n`);
  });

  it('has fewer words where it has less room', () => {
    const said = { text: 'one two three '.repeat(4).trim(), shorter: ['one two three', 'one'] };
    expect(textOf(said)).toBe('one two three one two three one two three one two three\n');
    expect(textOf(said, at(40))).toBe('one two three\n');
  });
});
