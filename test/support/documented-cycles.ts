import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../runtime/configuration/folders.ts';

interface Documented {
  variables: Record<string, string>;
  command: readonly string[];
}

/** How the docs start a process of cycles without the books. */
export function documentedCycles(): Documented {
  return documentedCommand('processes.md', '## Cycles without the books');
}

/** The first command below a heading of a page of the docs: its variables as they stand there, and its words. */
export function documentedCommand(page: string, heading: string): Documented {
  const [, section = ''] = readFileSync(join(projectFolder, 'docs', page), 'utf8').split(`${heading}\n`);
  const [block = ''] = /(?:^ {4}.+\n)+/m.exec(section) ?? [];
  const words = block.split(/[\s\\]+/).filter((word) => word !== '');
  const assignments = words.flatMap((word) => [...word.matchAll(/^([A-Z_]+)=(.+)$/g)]);
  return {
    variables: Object.fromEntries(assignments.map(([, name = '', value = '']) => [name, value])),
    command: words.slice(assignments.length),
  };
}
