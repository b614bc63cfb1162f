import type { TableName } from '../../../contracts/warehouse/tables.ts';

/** How the two databases differ in the words of a report's query. */
export interface SqlDialect {
  table(name: TableName): string;
  /** A moment, UTC epoch milliseconds. */
  moment(at: number): string;
  /** Days since 1970-01-01, UTC, as a whole number. */
  day(moment: string): string;
  /** Epoch milliseconds of a moment, as a double. */
  millis(moment: string): string;
  double(expression: string): string;
  text(expression: string): string;
  /** Approximate; `share` from 0 to 1. */
  quantile(expression: string, share: number): string;
  /** Of the row with the greatest `by`. */
  latest(expression: string, by: string): string;
}

export const duckDbDialect: SqlDialect = {
  table: (name) => `"${name}"`,
  moment: (at) => `make_timestamptz(${Math.max(0, Math.round(at)) * 1_000})`,
  day: (moment) => `CAST(epoch_us(${moment}) // 86400000000 AS INTEGER)`,
  millis: (moment) => `(epoch_us(${moment}) / 1000.0)`,
  double: (expression) => `CAST(${expression} AS DOUBLE)`,
  text: (expression) => `CAST(${expression} AS VARCHAR)`,
  quantile: (expression, share) => `approx_quantile(${expression}, ${share})`,
  latest: (expression, by) => `arg_max(${expression}, ${by})`,
};

/** @param dataset PROJECT.DATASET; the views there leave out what a table has twice. */
export function bigQueryDialect(dataset: string): SqlDialect {
  return {
    table: (name) => `\`${dataset}.${name}_once\``,
    moment: (at) => `TIMESTAMP_MILLIS(${Math.max(0, Math.round(at))})`,
    day: (moment) => `UNIX_DATE(DATE(${moment}))`,
    millis: (moment) => `(UNIX_MICROS(${moment}) / 1000.0)`,
    double: (expression) => `CAST(${expression} AS FLOAT64)`,
    text: (expression) => `CAST(${expression} AS STRING)`,
    quantile: (expression, share) => `APPROX_QUANTILES(${expression}, 1000)[OFFSET(${Math.round(share * 1_000)})]`,
    latest: (expression, by) => `MAX_BY(${expression}, ${by})`,
  };
}
