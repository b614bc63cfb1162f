import type { Alert } from '../../deploy/observability/alert.ts';
import { alertGroups } from '../../deploy/observability/rules.ts';

/** Values of series by promtool's notation, e.g. `{'up{job="a"}': '1x10 0x10'}`. */
export type Series = Record<string, string>;

/** When one alert fires, and when it does not. */
export interface AlertCase {
  alert: string;
  /** Of several alerts of the same name. */
  labels?: Record<string, string>;
  /** Seconds between two samples and between two evaluations. */
  stepSeconds?: number;
  /** Never fires on any of these, the value at the threshold among them. */
  silent: readonly Series[];
  fires: Series;
  /** Fires on each of these as well, at the same time. */
  alsoFires?: readonly Series[];
  /** Seconds until the expression first holds: from there on `for` counts. */
  holdsFrom: number;
  /** Seconds by which it has ended; one that never ends has none. */
  overAt?: number;
}

export const STEP = 15;
export const rules: readonly Alert[] = alertGroups.flatMap(({ alerts }) => alerts);

export const secondsOf = (text: string): number => {
  const [, count = '0', unit = 's'] = /^(\d+)([smhd])$/.exec(text) ?? [];
  return Number(count) * ({ s: 1, m: 60, h: 3_600, d: 86_400 }[unit] ?? 1);
};

export function ruleOf({ alert, labels = {} }: Pick<AlertCase, 'alert' | 'labels'>): Alert {
  const found = rules.find(
    ({ name, labels: own = {} }) =>
      name === alert && Object.entries(labels).every(([key, value]) => own[key] === value),
  );
  if (!found) throw new Error(`there is no alert ${alert} ${JSON.stringify(labels)}`);
  return found;
}

export function holdSeconds(rule: Alert): number {
  return rule.for === undefined ? 0 : secondsOf(rule.for);
}

/** So many samples of one value. */
export const hold = (value: number | string, samples: number): string => `${value}x${samples - 1}`;

/** A gauge that stands at its threshold, is beyond it for a while, and comes back. */
export function gauge(
  alert: string,
  series: string,
  at: number,
  beyond: number,
  also: Series = {},
  labels?: Record<string, string>,
): AlertCase {
  const beforeIt = 8;
  const rule = ruleOf({ alert, ...(labels ? { labels } : {}) });
  const during = Math.ceil(holdSeconds(rule) / STEP) + 8;
  const all = beforeIt + during + 12;
  return {
    alert,
    ...(labels ? { labels } : {}),
    silent: [{ [series]: hold(at, all), ...also }],
    fires: { [series]: `${hold(at, beforeIt)} ${hold(beyond, during)} ${hold(at, 12)}`, ...also },
    holdsFrom: beforeIt * STEP,
    overAt: (beforeIt + during) * STEP,
  };
}

/** A time that stands still: its age passes the limit at one moment, until it goes on. */
export function age(
  alert: string,
  series: string,
  limitSeconds: number,
  also: Series = {},
  stepSeconds = STEP,
): AlertCase {
  const lasts = holdSeconds(ruleOf({ alert }));
  const stands = Math.floor((limitSeconds + lasts) / stepSeconds) + 6;
  return {
    alert,
    stepSeconds,
    silent: [{ [series]: `0+${stepSeconds}x${stands + 20}`, ...also }],
    fires: { [series]: `${hold(0, stands)} ${stands * stepSeconds}+${stepSeconds}x20`, ...also },
    holdsFrom: (Math.floor(limitSeconds / stepSeconds) + 1) * stepSeconds,
    overAt: (stands + 1) * stepSeconds,
  };
}

/** Two counters whose share is at the limit, beyond it, and at nothing. */
export function share(
  alert: string,
  bad: string,
  good: string,
  {
    at,
    beyond,
    windowSeconds,
    stepSeconds = STEP,
    labels,
    also = [],
  }: {
    /** Per step, of bad and good. */
    at: [number, number];
    beyond: [number, number];
    windowSeconds: number;
    stepSeconds?: number;
    labels?: Record<string, string>;
    also?: Series[];
  },
): AlertCase {
  const rule = ruleOf({ alert, ...(labels ? { labels } : {}) });
  const lasts = Math.ceil(holdSeconds(rule) / stepSeconds) + 8;
  const after = Math.ceil(windowSeconds / stepSeconds) + 8;
  const all = lasts + after;
  return {
    alert,
    stepSeconds,
    ...(labels ? { labels } : {}),
    silent: [{ [bad]: `0+${at[0]}x${all}`, [good]: `0+${at[1]}x${all}` }, ...also],
    fires: {
      [bad]: `0+${beyond[0]}x${lasts} ${hold(beyond[0] * lasts, after)}`,
      [good]: `0+${beyond[1]}x${all}`,
    },
    holdsFrom: stepSeconds,
    overAt: all * stepSeconds,
  };
}

/** A histogram whose 95th percentile, or another one, is at the limit, and above it. */
export function slow(
  alert: string,
  name: string,
  labels: string,
  limit: string,
  next: string,
  windowSeconds: number,
  percentile = 95,
): AlertCase {
  const lasts = Math.ceil(holdSeconds(ruleOf({ alert })) / STEP) + 8;
  const after = Math.ceil(windowSeconds / STEP) + 8;
  const bucket = (le: string): string => `${name}_bucket{${labels}le="${le}"}`;
  const of = (within: number): Series => ({
    [bucket(limit)]: `0+${within}x${lasts} ${within * lasts}+100x${after}`,
    [bucket(next)]: `0+100x${lasts + after + 1}`,
    [bucket('+Inf')]: `0+100x${lasts + after + 1}`,
  });
  return {
    alert,
    silent: [of(percentile)],
    fires: of(percentile - 1),
    holdsFrom: STEP,
    overAt: (lasts + after) * STEP,
  };
}

/** A counter that makes one leap, seen for as long as the window is. */
export function leap(
  alert: string,
  series: string,
  at: number,
  beyond: number,
  windowSeconds: number,
  stepSeconds = STEP,
): AlertCase {
  const full = windowSeconds / stepSeconds + 1;
  const lasts = Math.ceil(holdSeconds(ruleOf({ alert })) / stepSeconds);
  return {
    alert,
    stepSeconds,
    silent: [{ [series]: `${hold(0, full)} ${hold(at, full + lasts + 4)}` }],
    fires: { [series]: `${hold(0, full)} ${hold(beyond, full + lasts + 4)}` },
    holdsFrom: full * stepSeconds,
    overAt: (full + windowSeconds / stepSeconds + 1) * stepSeconds,
  };
}

/** A counter of a resource that goes up by so much a second: the rate of five minutes is beyond the limit after all but one sample of them. */
export function steady(series: string, resource: string, at: number, beyond: number): AlertCase {
  const alert = 'TradingResourceExhaustion';
  const lasts = Math.ceil((285 + holdSeconds(ruleOf({ alert, labels: { resource } }))) / STEP) + 4;
  return {
    alert,
    labels: { resource },
    silent: [{ [series]: `0+${at * STEP}x${lasts + 20}` }],
    fires: { [series]: `0+${beyond * STEP}x${lasts} ${hold(beyond * STEP * lasts, 30)}` },
    holdsFrom: 285,
    overAt: (lasts + 22) * STEP,
  };
}

/** A counter that goes up by so many, or that is new with as many in a process that was watched before. */
export function anew(alert: string, series: string, least: number): AlertCase {
  const seen = { 'up{job="trading-cycles"}': hold(1, 120) };
  const full = 600 / STEP + 1;
  return {
    alert,
    silent: [
      { ...seen, [series]: `${hold(7, full)} ${hold(7 + least - 1, 60)}` },
      { ...seen, [series]: `_x${full} ${hold(least - 1, 60)}` },
      // What was counted before it was watched.
      { 'up{job="trading-cycles"}': `_x${full} ${hold(1, 60)}`, [series]: `_x${full} ${hold(9, 60)}` },
    ],
    fires: { ...seen, [series]: `${hold(7, full)} ${hold(7 + least, 60)}` },
    alsoFires: [{ ...seen, [series]: `_x${full} ${hold(least, 60)}` }],
    holdsFrom: full * STEP,
    overAt: 2 * full * STEP,
  };
}

/** Silent, too, while one of these is to be seen beside it. */
export function beside(one: AlertCase, others: readonly Series[]): AlertCase {
  return { ...one, silent: [...one.silent, ...others.map((other) => ({ ...one.fires, ...other }))] };
}

/**
 * A time that stands still in one process, while another one has told none since its start; not what a restart makes absent, nor what a process
 * that is not heard does not tell.
 */
export function untold(alert: string, metric: string, limitSeconds: number, job: string, also: Series = {}): AlertCase {
  const [a, b] = ['a', 'b'].map((instance) => `{job="${job}",instance="${instance}"}`);
  const started = `process_start_time_seconds${b}`;
  const one = age(alert, `${metric}${a}`, limitSeconds, { [started]: hold(0, 90), ...also });
  return {
    ...one,
    silent: [
      ...one.silent,
      // The other process has just been started again.
      { ...one.fires, [started]: `${hold(0, 4)} ${hold(limitSeconds, 90)}` },
      // It is the one process, and has begun to tell nothing: what it told is forgotten.
      { [`${metric}${a}`]: `${hold(0, 4)} stale`, ...also },
      {
        [`${metric}${a}`]: `${hold(0, 4)} stale`,
        [`process_start_time_seconds${a}`]: `${hold(0, 4)} _ ${hold(limitSeconds, limitSeconds / STEP + 4)} stale`,
        ...also,
      },
    ],
  };
}

/** A counter of failures that counts for a while. */
export function fails(alert: string, series: string): AlertCase {
  const lasts = Math.ceil(holdSeconds(ruleOf({ alert })) / STEP) + 8;
  return {
    alert,
    silent: [{ [series]: hold(7, 60) }],
    fires: { [series]: `${hold(0, 6)} 1+1x${lasts - 1} ${hold(lasts, 30)}` },
    holdsFrom: 6 * STEP,
    overAt: (6 + lasts) * STEP + 315,
  };
}
