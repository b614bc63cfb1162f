import { z } from 'zod';
import { didYouMean } from '../near-names.ts';
import { isDecimalText, isShare, type JsonSchema, kindOf, unitOf } from './kinds.ts';

type Issue = Parameters<z.core.$ZodErrorMap>[0];

/**
 * What a person is told of a value that is not in order: what it must be, in words, and of a plain mistake what was meant. A message of the schema's
 * own stands before these.
 */
export const inWords: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_type')
    return issue.input === undefined ? `is missing: it ${wanted(issue)}` : wanted(issue);
  if (issue.code === 'too_small' || issue.code === 'too_big') return wanted(issue);
  if (issue.code === 'invalid_value') return oneOf(issue.values.map(String), issue.input);
  if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys, namesOf(issue.inst));
  if (issue.code === 'invalid_union') return alternatives(issue);
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => message).join('; ');
  if (issue.code === 'invalid_format' && issue.format === 'url') return 'must be an http:// or https:// address';
  if (issue.code === 'invalid_format') return 'is not of the form that it must have';
  return undefined;
};

/** The same for the value of one key, which its schema does not know. */
export function inWordsOf(key: string): z.core.$ZodErrorMap {
  return (issue) => inWords({ ...issue, path: [key, ...(issue.path ?? [])] });
}

const forms: Readonly<Record<string, string>> = {
  boolean: 'must be true or false',
  array: 'must be a list, e.g. [a, b]',
  object: 'must hold keys with their values',
  record: 'must hold keys with their values',
};

/** By what the schema at that place says of itself, whatever it was that failed. */
function wanted(issue: Issue): string {
  const expected = issue.code === 'invalid_type' ? issue.expected : String(Reflect.get(issue, 'origin'));
  if (['number', 'int', 'nan'].includes(expected)) return number(issue);
  if (expected === 'string' && issue.code === 'invalid_type') return text(issue);
  const form = forms[expected];
  if (issue.code === 'invalid_type') return form ?? `must be ${expected}`;
  const [bound, word] = issue.code === 'too_big' ? [issue.maximum, 'most'] : [issue.minimum, 'least'];
  if (Number(bound) === 1 && word === 'least') return 'must not be empty';
  return `must have ${String(bound)} ${expected === 'string' ? 'characters' : 'entries'} at ${word}`;
}

/** Of the schema that refused, also where it was a check of it. */
function schemaOf({ schema, inst }: Issue): JsonSchema {
  const owner = (schema ?? inst) as z.core.$ZodType | undefined;
  return owner === undefined ? {} : z.toJSONSchema(owner, { io: 'input', unrepresentable: 'any' });
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3_600, d: 86_400, w: 604_800 };

function number(issue: Issue): string {
  const schema = schemaOf(issue);
  const key = String(issue.path?.at(-1) ?? '');
  const isPercentage = isShare(schema) || /\d\s*%\s*$/.test(String(issue.input));
  return `must be a ${kindOf(schema, key)}${isPercentage ? `: ${percentage(issue.input)}` : inUnit(issue.input, key)}`;
}

/** A percentage is what was meant by "3%", and by 3. */
function percentage(input: unknown): string {
  const [, given] = /^\s*(\d{1,3}(?:\.\d+)?)\s*%?\s*$/.exec(String(input)) ?? [];
  const percent = given === undefined || Number(given) > 100 || Number(given) === 0 ? 3 : Number(given);
  return `${percent} % is ${Number((percent / 100).toPrecision(12))}`;
}

function inUnit(input: unknown, key: string): string {
  const unit = unitOf(key);
  const [, count, letter = ''] = /^\s*(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)\s*$/.exec(String(input)) ?? [];
  if (unit === undefined || count === undefined || Number.isNaN(unit.seconds)) return '';
  return `: ${String(input).trim()} is ${(Number(count) * (secondsOf[letter] ?? 1)) / unit.seconds}`;
}

function text(issue: Issue): string {
  if (!isDecimalText(schemaOf(issue))) return 'must be text, in quotes where it looks like a number';
  const { input } = issue;
  const example = typeof input === 'number' && Number.isFinite(input) ? String(input) : '0.001';
  return `must be a decimal number in quotes, so that no digit of it is lost, e.g. "${example}"`;
}

function oneOf(values: readonly string[], input: unknown): string {
  const meant = typeof input === 'string' ? didYouMean(input, values) : '';
  return values.length === 1 ? `must be ${values[0]}` : `must be one of ${values.join(', ')}${meant}`;
}

function unknownKeys(keys: readonly string[], names: readonly string[]): string {
  const listed = names.length > 0 && names.length <= 12 ? `; there are ${names.join(', ')}` : '';
  return keys.map((key) => `unknown key "${key}"${didYouMean(key, names) || listed}`).join('; ');
}

function namesOf(inst: unknown): string[] {
  return inst instanceof z.ZodObject ? Object.keys(inst.shape) : [];
}

/** Of kinds that are told apart by one key: that key's values. Of others: what each of them must be. */
function alternatives({ inst, discriminator, errors, input }: Extract<Issue, { code: 'invalid_union' }>): string {
  if (discriminator !== undefined && inst instanceof z.ZodDiscriminatedUnion) {
    const kinds = inst.options.flatMap((option) => {
      const part: unknown = option instanceof z.ZodObject ? option.shape[discriminator] : undefined;
      return part instanceof z.ZodLiteral ? [...part.values].map(String) : [];
    });
    return oneOf(kinds, Reflect.get(Object(input), discriminator));
  }
  const each = errors.map(([first]) => first?.message.replace(/^must be /, '') ?? '');
  return `must be ${[...new Set(each)].join(', or ')}`;
}
