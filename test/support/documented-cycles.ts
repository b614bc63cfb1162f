import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../runtime/configuration/folders.ts';

/** How the docs start a process of cycles without the books: its variables as they stand there, and its command. */
export function documentedCycles(): { variables: Record<string, string>; command: readonly string[] } {
  const [, section = ''] = readFileSync(join(projectFolder, 'docs', 'processes.md'), 'utf8').split(
    '## Cycles without the books',
  );
  const [block = ''] = /(?:^ {4}.+\n)+/m.exec(section) ?? [];
  const words = block.split(/[\s\\]+/).filter((word) => word !== '');
  const assignments = words.flatMap((word) => [...word.matchAll(/^([A-Z_]+)=(.+)$/g)]);
  return {
    variables: Object.fromEntries(assignments.map(([, name = '', value = '']) => [name, value])),
    command: words.slice(assignments.length),
  };
}
