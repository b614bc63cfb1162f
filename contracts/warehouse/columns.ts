import { z } from 'zod';
import { decimalPattern } from '../../domain/money/money.ts';

/**
 * What a column holds. `decimal`: money, prices and quantities, 38 digits of which 18 are behind the point. `time`: UTC epoch milliseconds here, a
 * timestamp there. `json`: text, since BigQuery loads no JSON column from Parquet.
 */
export const columnKinds = ['text', 'decimal', 'number', 'integer', 'time', 'flag', 'json'] as const;
export type ColumnKind = (typeof columnKinds)[number];

export const DECIMAL_DIGITS = 38;
export const DECIMAL_PLACES = 18;

const kinds = z.registry<{ kind: ColumnKind; description: string }>();

function column<Schema extends z.ZodType>(schema: Schema, kind: ColumnKind, description: string): Schema {
  kinds.add(schema, { kind, description });
  return schema;
}

/** Plain notation within what a column can hold: an 18th place is the last, and 20 digits stand before the point. */
const fittingDecimal = z
  .string()
  .regex(decimalPattern, 'must be a decimal number in plain notation')
  .regex(/^-?\d{1,20}(\.\d{1,18})?$/, 'must have at most 20 digits before the point and 18 behind it');

export const text = (description: string) => column(z.string(), 'text', description);
export const decimal = (description: string) => column(fittingDecimal.clone(), 'decimal', description);
export const number = (description: string) => column(z.number(), 'number', description);
export const integer = (description: string) => column(z.int(), 'integer', description);
export const time = (description: string) => column(z.int().min(0), 'time', description);
export const flag = (description: string) => column(z.boolean(), 'flag', description);
export const json = (description: string) => column(z.string(), 'json', description);

export type RowShape = Record<string, z.ZodType>;

export interface Column {
  name: string;
  kind: ColumnKind;
  description: string;
  nullable: boolean;
}

/** The columns of a row's schema, in their order. Every member must come from this module, `.nullable()` or not. */
export function columnsOf(schema: z.ZodObject<RowShape>): Column[] {
  return Object.entries(schema.shape).map(([name, type]) => {
    const nullable = type instanceof z.ZodNullable;
    const known = kinds.get(nullable ? (type.unwrap() as z.ZodType) : type);
    if (!known) throw new Error(`${name} is no column`);
    return { name, nullable, ...known };
  });
}
