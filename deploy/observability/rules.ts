import { stringify } from 'yaml';
import type { Alert, AlertGroup } from './alert.ts';
import { dependencies } from './alerts/dependencies.ts';
import { budgetBurn, budgetSpent, errorRatios, hourly } from './alerts/objectives.ts';
import { resources } from './alerts/resources.ts';
import { answers, system } from './alerts/system.ts';
import { temporal } from './alerts/temporal.ts';
import { trading } from './alerts/trading.ts';
import { runbookOf } from './runbooks.ts';

export const alertGroups: readonly AlertGroup[] = [
  answers,
  system,
  trading,
  dependencies,
  temporal,
  resources,
  budgetBurn,
  budgetSpent,
];

function ruleOf({ name, expr, for: hold, lasts, severity, labels = {}, summary, description, runbook }: Alert) {
  return {
    alert: name,
    expr,
    ...(hold === undefined ? {} : { for: hold }),
    ...(lasts === undefined ? {} : { keep_firing_for: lasts }),
    labels: { severity, team: 'trading', ...labels },
    annotations: { summary, description, runbook_url: runbookOf(runbook ?? name) },
  };
}

/** What the month of each objective is summed up of. */
const months = [{ name: 'trading-objectives.hours', interval: '1h', rules: hourly }];

/**
 * Prometheus' rule file. What an alert is told by is recorded before it, in the same group: groups are evaluated in no order.
 *
 * @param besides groups that no alert is told by
 */
export function ruleFile(groups: readonly AlertGroup[] = alertGroups, besides: readonly object[] = months): string {
  const all = groups.map(({ name, interval, alerts }) => {
    const recordings = errorRatios.filter(({ record }) => alerts.some(({ expr }) => expr.includes(record)));
    return { name, ...(interval ? { interval } : {}), rules: [...recordings, ...alerts.map(ruleOf)] };
  });
  return stringify({ groups: [...all, ...besides] }, { lineWidth: 0 });
}
