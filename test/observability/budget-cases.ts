import { type AlertCase, hold, holdSeconds, rules, type Series, secondsOf } from './alert-case.ts';

/**
 * Hour by hour, a quarter of the month's budget goes wrong: after four nothing is left, with the fifth more than all is spent. Of few
 * events the same share is nobody's trouble.
 */
export function spent(name: string, budget: number): AlertCase {
  const of = (bad: string, all: string): Series => ({
    [`slo:${name}_bad:increase_1h`]: bad,
    [`slo:${name}_all:increase_1h`]: all,
  });
  const all = name === 'uptime' ? 1 : 1_000;
  const quarter = Math.floor((all * 720 * budget * 1e6) / 4) / 1e6;
  // Five quarters of so little are 4.5 events.
  const few = { all: (all * 0.9) / quarter, quarter: 0.9 };
  return {
    alert: 'TradingBudgetSpent',
    labels: { slo: name },
    stepSeconds: 3_600,
    silent: [
      of(`${hold(quarter, 4)} ${hold(0, 20)}`, hold(all, 24)),
      ...(name === 'uptime' ? [] : [of(`${hold(few.quarter, 5)} ${hold(0, 20)}`, hold(few.all, 25))]),
    ],
    fires: of(`${hold(quarter, 5)} ${hold(0, 20)}`, hold(all, 25)),
    holdsFrom: 4 * 3_600,
  };
}

interface Burning {
  name: string;
  /** Series of a share that goes wrong within each of some steps, and then within each of some others. */
  series: (first: { share: number; steps: number }, then: { share: number; steps: number }) => Series;
  /** In each step there is so much. */
  events?: number;
}

/**
 * Each pair of windows of an objective: silent just below its share, while Prometheus has not seen all of the long window, and where it is of few events;
 * firing once the window is full.
 */
export function burnt({ name, series, events = 1_000 }: Burning): AlertCase[] {
  return rules
    .filter(({ labels = {} }) => labels['slo'] === name && labels['long'] !== undefined)
    .map((rule): AlertCase => {
      const { long = '', short = '' } = rule.labels ?? {};
      const limit = Number(/> ([\d.]+) and/.exec(rule.expr)?.[1]);
      const stepSeconds = Math.max(60, Math.ceil(holdSeconds(rule) / 60 / 5) * 60);
      const before = secondsOf(long) / stepSeconds;
      const during = before + Math.ceil(holdSeconds(rule) / stepSeconds) + 4;
      const after = Math.ceil(secondsOf(short) / stepSeconds) + 4;
      const seen = `up{job="trading-cycles"}`;
      const full = { ...series({ share: limit * 1.05, steps: during }, { share: 0, steps: after }) };
      const isUp = name === 'uptime';
      // Four of them, whatever they are a share of.
      const few = 4 / (events * during);
      const scaled = (share: number): Series =>
        Object.fromEntries(
          Object.entries(series({ share, steps: during + after }, { share, steps: 0 })).map(([one, values]) => [
            one,
            values.replaceAll(/[\d.]+(?=x)/g, (step) => String((Number(step) * few) / share)),
          ]),
        );
      return {
        alert: rule.name,
        labels: { slo: name, long },
        stepSeconds,
        silent: [
          {
            [seen]: hold(1, during + after + 1),
            ...series({ share: limit * 0.99, steps: during + after }, { share: 0, steps: 0 }),
          },
          ...(isUp
            ? []
            : [
                { [seen]: `_x${before} ${hold(1, during)}`, ...full },
                { [seen]: hold(1, during + after + 1), ...scaled(limit * 1.05) },
              ]),
        ],
        fires: { [seen]: hold(1, during + after + 1), ...full },
        holdsFrom: before * stepSeconds,
        overAt: (during + after) * stepSeconds,
      };
    });
}

/** Two counters, or a counter and all there is of it. */
export const counters =
  (bad: string, all: string, isPart: boolean) =>
  (first: { share: number; steps: number }, then: { share: number; steps: number }): Series => {
    const phase = (per: (share: number) => number): string => {
      const [one, other] = [per(first.share), per(then.share)];
      const begun = `0+${one}x${first.steps}`;
      return then.steps === 0 ? begun : `${begun} ${one * first.steps + other}+${other}x${then.steps - 1}`;
    };
    return {
      [bad]: phase((share) => share * 1_000),
      [all]: phase((share) => (isPart ? 1_000 : (1 - share) * 1_000)),
    };
  };

/** A histogram: those within a bucket, and all. */
export const buckets =
  (name: string, le: string, labels = '') =>
  (first: { share: number; steps: number }, then: { share: number; steps: number }): Series =>
    counters(
      `${name}_bucket{${labels}le="${le}"}`,
      `${name}_count${labels === '' ? '' : `{${labels.slice(0, -1)}}`}`,
      true,
    )({ ...first, share: 1 - first.share }, { ...then, share: 1 - then.share });
