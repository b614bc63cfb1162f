import type { Alert } from '../alert.ts';
import type { Step } from '../bounds.ts';

export interface Query {
  /** PromQL; rates over `$__rate_interval`. */
  expr: string;
  legend: string;
}

/** What a state is called, and its colour: by its number, or by the label's text. */
export type States = Readonly<Record<string, readonly [text: string, color: string]>>;

export interface Table {
  /** Columns that are not shown. */
  hidden: readonly string[];
  /** What the column of the values is called; the rows are in its order. */
  values: string;
  descending: boolean;
  /** States of the labels in a column. */
  states?: Readonly<Record<string, States>>;
  /** Column of names of alerts: each leads to its runbook. */
  runbooks?: string;
}

interface Drawn {
  title: string;
  /** What it shows, and what would be wrong. */
  description: string;
  /** Of Grafana's units, e.g. `s`, `percentunit`, `short`. */
  unit: string;
  queries: readonly Query[];
  /** Alerts that watch what is drawn: their bounds are its thresholds, unless it has states or steps; their runbooks its links. */
  alerts?: readonly Alert[];
  /** Names and colours of the numbers. */
  states?: States;
  /** Thresholds of what no alert watches, or where an alert's bound is of another figure than the one drawn. */
  steps?: readonly Step[];
  /** What it says while there is nothing to show, where that is well. */
  empty?: string;
}

export type Panel =
  | (Drawn & { kind: 'stat' | 'timeseries' | 'state-timeline' })
  | (Drawn & { kind: 'table'; table: Table });

export interface Board {
  /** Its file's name, too. */
  uid: string;
  title: string;
  description: string;
  rows: readonly { title: string; panels: readonly Panel[] }[];
}

/** Of a figure that is neither good nor bad. */
export const NEUTRAL: readonly Step[] = [{ value: null, color: 'blue' }];

export const upOrDown: States = { 0: ['down', 'red'], 1: ['up', 'green'] };
export const wellOrNot: States = { 0: ['not well', 'red'], 1: ['well', 'green'] };
export const breakerStates: States = { 0: ['closed', 'green'], 1: ['half-open', 'orange'], 2: ['open', 'red'] };
export const tradingStates: States = { 0: ['active', 'green'], 1: ['reducing', 'orange'], 2: ['halted', 'red'] };
export const severities: States = {
  critical: ['critical', 'red'],
  warning: ['warning', 'orange'],
  none: ['none', 'green'],
};
