import type { z } from 'zod';
import { keysOf } from './keys.ts';
import { inWords } from './sentences.ts';

/**
 * Every fault at once: where it is, what is allowed, and what stands there.
 * @param reportInput false where what stands there is nobody's to see
 */
export function faultsOf(schema: z.ZodType, value: unknown, reportInput = true): string[] {
  const issues = schema.safeParse(value, { reportInput, error: inWords }).error?.issues ?? [];
  return issues.map(
    (issue) => `${issue.path.join('.') || 'the whole'}: ${describe(issue, value)}${elsewhere(issue, schema)}`,
  );
}

/** Where a key would be right that was written where it is not. */
function elsewhere(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  if (issue.code !== 'unrecognized_keys' || issue.message.includes('did you mean')) return '';
  const [only] = issue.keys;
  const homes = keysOf(schema).filter(({ path }) => path.at(-1) === only && path.length > 1);
  const [home] = issue.keys.length === 1 && homes.length === 1 ? homes : [];
  return home ? `, it belongs in ${home.path.slice(0, -1).join('.')}` : '';
}

/** Those that were not there before: what somebody left there keeps nobody from changing something else. */
export function addedFaults<Value>(faults: (value: Value) => readonly string[], before: Value, after: Value): string[] {
  const known = new Set(faults(before));
  return faults(after).filter((fault) => !known.has(fault));
}

function describe(issue: z.core.$ZodIssue, whole: unknown): string {
  if (issue.code === 'unrecognized_keys') return issue.message;
  const input = issue.input === undefined ? undefined : standingAt(issue, whole);
  return input === undefined ? issue.message : `${issue.message} (it is ${JSON.stringify(input)?.slice(0, 80)})`;
}

/** A rule between several values has all of them as its input: the one that it names stands at its path, or is a default, which the input has. */
function standingAt({ code, path, input }: z.core.$ZodIssue, whole: unknown): unknown {
  if (code !== 'custom' || typeof input !== 'object') return input;
  const named = at(whole, path);
  if (named !== undefined) return named;
  return path.map((_key, place) => at(input, path.slice(place))).find((value) => value !== undefined);
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (part, key) => (typeof part === 'object' && part !== null ? Reflect.get(part, key) : undefined),
    value,
  );
}
