import type { z } from 'zod';

/**
 * Every fault at once: where it is, what is allowed, and what stands there.
 * @param reportInput false where what stands there is nobody's to see
 */
export function faultsOf(schema: z.ZodType, value: unknown, reportInput = true): string[] {
  const issues = schema.safeParse(value, { reportInput }).error?.issues ?? [];
  return issues.map((issue) => `${issue.path.join('.') || 'the whole'}: ${describe(issue, value)}`);
}

/** Those that were not there before: what somebody left there keeps nobody from changing something else. */
export function addedFaults<Value>(faults: (value: Value) => readonly string[], before: Value, after: Value): string[] {
  const known = new Set(faults(before));
  return faults(after).filter((fault) => !known.has(fault));
}

function describe(issue: z.core.$ZodIssue, whole: unknown): string {
  if (issue.code === 'unrecognized_keys') return `unknown key ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
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
