import { parseCLI } from 'vitest/node';

/** The projects of vitest.config.ts. */
const kinds = ['unit', 'workflow', 'contract', 'system', 'proof', 'engine', 'chaos'];

/**
 * Arguments of vitest from those of a script of package.json, which names its kinds first, and what its user names after it: files, or a
 * project, are of any kind. What is a file and what is the value of an option is for vitest to say.
 *
 * @throws Error of vitest, in a sentence, where it takes no such arguments
 */
export function chosen(args: readonly string[]): string[] {
  const first = args.findIndex((arg) => !kinds.includes(arg));
  const named = args.slice(0, first === -1 ? args.length : first);
  const rest = args.slice(named.length);
  const { filter, options } = parseCLI(['vitest', 'run', ...rest]);
  if (filter.length > 0 || options.project !== undefined) return rest;
  return [...named.map((kind) => `--project=${kind}`), ...rest];
}
