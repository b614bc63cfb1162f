import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refusalIn, refusals, refusalText } from '../../contracts/refusals.ts';
import { refusalCodes } from '../../domain/orders/refusal.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';

const textOf = (file: string): string => readFileSync(join(projectFolder, file), 'utf8');

describe('the codes of refusals', () => {
  it('are those in the docs, with the same words', () => {
    const wanted = refusalCodes.map((code) => {
      const { by, why, numbers, change = '' } = refusals[code];
      return [`\`${code}\``, by.join(', '), why, numbers, change];
    });
    const [, table = ''] = textOf('docs/risk.md').split('\n## Verdicts\n');
    const rows = table
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    expect(rows).toEqual(wanted);
  });

  it('are each given where the table says, and nowhere else', () => {
    const placed = {
      plan: globSync('domain/portfolio/*.ts', { cwd: projectFolder }),
      fence: [
        'stores/journal/sql/fence.ts',
        'stores/journal/sql/intents.ts',
        // The fence asks the same functions.
        'domain/portfolio/overtrading.ts',
      ],
    };
    const given = (place: keyof typeof placed, code: string): boolean =>
      placed[place].some((file) => textOf(file).includes(`'${code}'`));
    const shared = ['MinHolding'];
    for (const code of refusalCodes) {
      const by = (['plan', 'fence'] as const).filter(
        (place) => given(place, code) && !(place === 'fence' && shared.includes(code)),
      );
      expect({ code, by }).toEqual({ code, by: refusals[code].by });
    }
  });
});

describe('a refusal as one line', () => {
  const anyNumber = fc.string().filter((text) => !text.includes(', value '));

  it('says what it said', () => {
    fc.assert(
      fc.property(fc.constantFrom(...refusalCodes), anyNumber, fc.string(), (code, limit, value) => {
        expect(refusalIn(refusalText({ code, limit, value }))).toEqual({ code, limit, value });
      }),
    );
  });

  it.each(['', 'stopped before it was sent', '-2010: limit 1, value 2', 'toString: limit 1, value 2', 'StaleEpoch'])(
    'is not "%s"',
    (words) => {
      expect(refusalIn(words)).toBeUndefined();
    },
  );
});
