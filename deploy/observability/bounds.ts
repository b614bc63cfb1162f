import type { Alert } from './alert.ts';
import { alertGroups } from './rules.ts';

/** From `value` on, and below the first step from minus infinity on, a figure has this colour. */
export interface Step {
  value: number | null;
  color: string;
}

const colors = { none: 'green', warning: 'orange', critical: 'red' } as const;
const worse = { none: 0, warning: 1, critical: 2 } as const;

/** The one alert with these labels, as in `{ alertname: 'TradingResourceExhaustion', resource: 'disk' }`. Fails where there is none, or more. */
export function alertOf(labels: Record<string, string>): Alert {
  const found = alertGroups
    .flatMap(({ alerts }) => alerts)
    .filter((alert) => {
      const own: Record<string, string> = { alertname: alert.name, severity: alert.severity, ...alert.labels };
      return Object.entries(labels).every(([label, value]) => own[label] === value);
    });
  const [alert] = found;
  if (alert === undefined || found.length > 1)
    throw new Error(`${JSON.stringify(labels)} names ${found.length} alerts; a panel shows the bound of one.`);
  return alert;
}

interface Told extends Bound {
  severity: Alert['severity'];
}

interface Bound {
  /** Which side of the value fires. */
  side: 'above' | 'below';
  value: number;
}

/**
 * The bound that an alert is told by: the first number that its expression compares with. `3 * max(interval)` is 3, of a panel that draws
 * intervals. Above zero, and zero itself, are of counts: they fire from one on, and below one.
 */
export function boundOf({ name, expr }: Alert): Bound {
  const compared = /(==|>|<) (-?[\d.]+(?:e\d+)?(?: \* \d+)*)/.exec(expr.replaceAll(/\{[^}]*\}/g, ''));
  if (!compared) throw new Error(`The expression of ${name} compares with no number: a panel cannot show its bound.`);
  const value = (compared[2] ?? '').split(' * ').reduce((product, factor) => product * Number(factor), 1);
  if (compared[1] === '<') return { side: 'below', value };
  if (compared[1] === '==' && value === 0) return { side: 'below', value: 1 };
  return { side: 'above', value: value === 0 ? 1 : value };
}

/** Grafana's steps for what these alerts watch: green where none would fire, orange where a warning would, red where a critical one would. */
export function stepsOf(alerts: readonly Alert[]): Step[] {
  const bounds = alerts.map((alert): Told => ({ ...boundOf(alert), severity: alert.severity }));
  const sides = new Set(bounds.map(({ side }) => side));
  if (sides.size > 1)
    throw new Error(`${alerts.map(({ name }) => name).join(', ')}: one fires above, the other below.`);
  const downwards = sides.has('below');
  // From the harmless side to the worst.
  const ordered = bounds.toSorted((one, other) => (downwards ? other.value - one.value : one.value - other.value));
  const told: Told[] = [];
  for (const bound of ordered) {
    const last = told.at(-1);
    if (last && worse[bound.severity] <= worse[last.severity]) continue;
    if (last?.value === bound.value) told.pop();
    told.push(bound);
  }
  const colorOf = (bound: Told | undefined): string => colors[bound?.severity ?? 'none'];
  if (!downwards)
    return [
      { value: null, color: colors.none },
      ...told.map((bound) => ({ value: bound.value, color: colorOf(bound) })),
    ];
  const rising = told.toReversed();
  return [
    { value: null, color: colorOf(rising[0]) },
    ...rising.map(({ value }, place) => ({ value, color: colorOf(rising[place + 1]) })),
  ];
}
