import { DECIMAL_PLACES } from '../../../contracts/warehouse/columns.ts';
import type { TableName } from '../../../contracts/warehouse/tables.ts';
import { type Decimal, type DecimalText, decimal, text } from '../../../domain/money/money.ts';

/** A row without what every row has. */
export type Facts = Record<string, string | number | boolean | null>;

/** Rows that an event makes beside itself, by table. `place` tells several rows of one table apart. */
export interface Projected {
  table: TableName;
  place: string;
  facts: Facts;
  /** Where a row happened at another time than its event was told. */
  at?: number;
}

/** Within what a column holds: an average or a product may have more places. */
export function money(value: DecimalText | Decimal): DecimalText {
  if (typeof value === 'string') {
    const point = value.indexOf('.');
    if (point < 0 || value.length - point - 1 <= DECIMAL_PLACES) return value;
  }
  return text(decimal(value).toDecimalPlaces(DECIMAL_PLACES));
}

export function row(table: TableName, facts: Facts, place = '', at?: number): Projected {
  return { table, place, facts, ...(at === undefined ? {} : { at }) };
}
