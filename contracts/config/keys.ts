import { z } from 'zod';
import { type JsonSchema, kindOf } from './kinds.ts';

/** One key that may stand in a configuration file. */
export interface ConfigurationKey {
  /** From the top, with `[]` for each entry of a list and NAME for a name of one's own. */
  path: string[];
  /** Which of several shapes has it, e.g. `kind: replay`. */
  of?: string;
  /** In words, with its unit. */
  kind: string;
  /** Undefined where it must be given, or may be missing. */
  default?: unknown;
  isRequired: boolean;
}

/** Every key of a schema in its order, down to those that hold no others. */
export function keysOf(schema: z.ZodType): ConfigurationKey[] {
  return below(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }), [], undefined);
}

function below(schema: JsonSchema, path: string[], of: string | undefined): ConfigurationKey[] {
  const { properties = {}, required = [], additionalProperties, oneOf } = schema;
  if (oneOf) return oneOf.flatMap((part) => below(part, path, shapeOf(part)));
  if (typeof additionalProperties === 'object') return at(additionalProperties, [...path, 'NAME'], of, false);
  return Object.entries(properties).flatMap(([key, part]) =>
    at(part as JsonSchema, [...path, key], of, required.includes(key)),
  );
}

function at(schema: JsonSchema, path: string[], of: string | undefined, isRequired: boolean): ConfigurationKey[] {
  const items = schema.type === 'array' ? (schema.items as JsonSchema) : undefined;
  const inner = items ? below(items, [...path, '[]'], of) : below(schema, path, of);
  const holdsOthers = inner.length > 0;
  const own: ConfigurationKey = {
    path,
    ...(of === undefined ? {} : { of }),
    kind: items && holdsOthers ? 'list' : kindOf(schema, path.findLast((key) => key !== 'NAME') ?? ''),
    ...(schema.default === undefined ? {} : { default: schema.default }),
    isRequired,
  };
  return holdsOthers && !items ? inner : [own, ...inner];
}

/** By which key its shape is known. */
function shapeOf({ properties = {} }: JsonSchema): string | undefined {
  const [key, part] = Object.entries(properties).find(([, each]) => typeof each === 'object' && 'const' in each) ?? [];
  return key === undefined ? undefined : `${key}: ${String((part as JsonSchema).const)}`;
}
