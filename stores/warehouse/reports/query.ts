import type { SqlDialect } from './dialect.ts';

/** `day` counts from 1970-01-01; `money` is decimal text in the account's currency, `usd` in US dollars; `share` and `probability` are fractions. */
export type Unit = 'text' | 'day' | 'time' | 'money' | 'usd' | 'count' | 'share' | 'bps' | 'ms' | 'number';

export interface ReportColumn {
  name: string;
  title: string;
  unit: Unit;
}

/** A line over time or over shares, or bars by name. Several lines: one a value of `by`. */
export interface ChartOf {
  kind: 'line' | 'bar';
  x: string;
  y: readonly string[];
  by?: string;
}

/** From the first moment to before the second, UTC epoch milliseconds. */
export interface Range {
  from: number;
  to: number;
}

/** Trading of the past that is not in the warehouse. */
export interface Lost {
  /** Sequences of the books' events that it never had, both included. */
  gaps: readonly { from: number; to: number }[];
  /** What happened before it is deleted, or in part, UTC epoch milliseconds; undefined where nothing is. */
  before: number | undefined;
}

export const nothingLost: Lost = { gaps: [], before: undefined };

/** One question that the warehouse answers. Its query gives `columns` in their order. */
export interface Report {
  name: string;
  title: string;
  /** What the figures mean and how they are made. */
  description: string;
  columns: readonly ReportColumn[];
  chart?: ChartOf;
  sql(dialect: SqlDialect, range: Range, lost: Lost): string;
}

export const within = ({ moment }: SqlDialect, { from, to }: Range, column = 'event_at'): string =>
  `${column} >= ${moment(from)} AND ${column} < ${moment(to)}`;

export const counted = (condition: string): string => `SUM(CASE WHEN ${condition} THEN 1 ELSE 0 END)`;
