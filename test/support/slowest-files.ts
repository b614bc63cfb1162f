import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';
import { projectFolder } from '../../runtime/configuration/folders.ts';

const SHOWN = 10;

export interface Timed {
  /** From the project's folder. */
  file: string;
  kind: string;
  /** Of its imports, its hooks and its tests. */
  ms: number;
}

/** A line each, the slowest first; nothing of so few files that each is seen anyway. */
export function slowestFiles(files: readonly Timed[]): string[] {
  if (files.length <= SHOWN) return [];
  const all = files.reduce((total, { ms }) => total + ms, 0);
  const slowest = files.toSorted((a, b) => b.ms - a.ms).slice(0, SHOWN);
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1).padStart(8)} s`;
  return [
    `The ${SHOWN} slowest of ${files.length} files, which take ${(all / 1_000).toFixed(0)} s one after another:`,
    ...slowest.map(({ file, kind, ms }) => `${seconds(ms)}  ${kind.padEnd(8)}  ${file}`),
  ];
}

/** A reporter of vitest: says at the end of a run which files to look at when it has become slow. */
export default class implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = slowestFiles(modules.map(timed));
    if (lines.length > 0) process.stdout.write(`\n${lines.join('\n')}\n`);
  }
}

function timed(module: TestModule): Timed {
  const { collectDuration, setupDuration, duration } = module.diagnostic();
  return {
    file: relative(projectFolder, module.moduleId),
    kind: module.project.name,
    ms: collectDuration + setupDuration + duration,
  };
}
