import type { Board } from './dashboards/panel.ts';
import { alertGroups } from './rules.ts';

const named = /[a-zA-Z_:][a-zA-Z0-9_:]*/g;

/**
 * Names in the queries of all rules and panels. Functions of PromQL and labels with an underscore are among them, which are no metric's names: what a
 * server tells beyond these is asked for by nobody.
 */
export function askedNames(boards: readonly Board[]): string[] {
  const panels = boards.flatMap(({ rows }) => rows.flatMap((row) => row.panels));
  const queries = [
    ...alertGroups.flatMap(({ alerts }) => alerts.map(({ expr }) => expr)),
    ...panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)),
  ];
  // What stands in quotes is a label's value.
  const names = queries.flatMap((query) => query.replaceAll(/"[^"]*"/g, '').match(named) ?? []);
  return [...new Set(names)].filter((name) => name.includes('_') && !name.startsWith('slo:')).toSorted();
}
