import type { z } from 'zod';
import { decimalPattern } from '../../domain/money/money.ts';

export type JsonSchema = z.core.JSONSchema.JSONSchema;

interface Unit {
  ends: RegExp;
  name: string;
  seconds: number;
}

/** Durations are numbers whose unit ends the key. */
const units: readonly Unit[] = [
  { ends: /Ms$/, name: 'milliseconds', seconds: 0.001 },
  { ends: /Seconds$/, name: 'seconds', seconds: 1 },
  { ends: /Minutes$/, name: 'minutes', seconds: 60 },
  { ends: /Hours$/, name: 'hours', seconds: 3_600 },
  { ends: /Days$/, name: 'days', seconds: 86_400 },
  { ends: /Bps$/, name: 'basis points', seconds: Number.NaN },
];

export function unitOf(key: string): Unit | undefined {
  return units.find(({ ends }) => ends.test(key));
}

export function isShare({ type, minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): boolean {
  return type === 'number' && (minimum ?? exclusiveMinimum) === 0 && (maximum ?? exclusiveMaximum) === 1;
}

export function isDecimalText({ pattern, allOf = [] }: JsonSchema): boolean {
  return [pattern, ...allOf.map((part) => part.pattern)].includes(decimalPattern.source);
}

/** What stands at a key, in a person's words, e.g. `whole number of seconds from 30 to 86400`. */
export function kindOf(schema: JsonSchema, key: string): string {
  const { type, anyOf, oneOf, enum: values } = schema;
  if (values) return `one of ${values.map(String).join(', ')}`;
  if (schema.const !== undefined) return String(schema.const);
  if (anyOf) return anyOf.map((part) => kindOf(part, key)).join(', or ');
  if (type === 'number' || type === 'integer') return numberOf(schema, key);
  if (type === 'array') return `list of ${kindOf(schema.items as JsonSchema, '')}`;
  if (type === 'boolean') return 'true or false';
  if (type === 'null') return 'null';
  if (oneOf || type === 'object') return 'keys with their values';
  return isDecimalText(schema) ? 'decimal number in quotes' : 'text';
}

function numberOf(schema: JsonSchema, key: string): string {
  const name = schema.type === 'integer' ? 'whole number' : isShare(schema) ? 'share' : 'number';
  const unit = unitOf(key);
  return [name, ...(unit ? [`of ${unit.name}`] : []), rangeOf(schema)].join(' ').trim();
}

/** The greatest safe whole number is no bound that anybody set. */
function rangeOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  const isSet = (bound: number | boolean | undefined): bound is number =>
    typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  const above = isSet(exclusiveMinimum) && !(isSet(minimum) && minimum > exclusiveMinimum);
  const below = isSet(exclusiveMaximum) && !(isSet(maximum) && maximum < exclusiveMaximum);
  if (!above && !below && isSet(minimum) && isSet(maximum)) return `from ${minimum} to ${maximum}`;
  const least = above ? `above ${exclusiveMinimum}` : isSet(minimum) ? `of ${minimum} at least` : '';
  const most = below ? `below ${exclusiveMaximum}` : isSet(maximum) ? `up to ${maximum}` : '';
  return [least, most].filter((bound) => bound !== '').join(' and ');
}
