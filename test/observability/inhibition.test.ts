import { describe, expect, it } from 'vitest';
import { tradingJobs } from '../../deploy/observability/alerts/system.ts';
import { consequences, inhibitRules } from '../../deploy/observability/inhibition.ts';
import { alertGroups } from '../../deploy/observability/rules.ts';
import { processName, roleTable } from '../../runtime/roles.ts';

const names = new Set(alertGroups.flatMap(({ alerts }) => alerts.map(({ name }) => name)));

describe('what follows from a process’s absence', () => {
  it('is said of each process that a rule calls down', () => {
    const jobs = Object.keys(consequences).map((process) => `trading-${process}`);
    expect(jobs).toEqual(expect.arrayContaining(tradingJobs));
  });

  it('names alerts that there are, by source and target', () => {
    const named = inhibitRules.flatMap(({ source_matchers, target_matchers }) =>
      [...source_matchers, ...target_matchers].flatMap((matcher) => {
        const [, found] = /^alertname =~? "?([\w|]+)"?$/.exec(matcher) ?? [];
        return found?.split('|') ?? [];
      }),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !names.has(name))).toEqual([]);
  });

  it.each(Object.entries(roleTable))(
    'of %s has its own queues and its own component, and no other role’s',
    (role, { queues }) => {
      const { queues: pattern = '', components } = consequences[role as keyof typeof roleTable];
      const others = Object.entries(roleTable).filter(([other]) => other !== role);
      const matches = (text: string, value: string): boolean => new RegExp(`^(?:${text})$`).test(value);
      expect(queues.filter((queue) => !matches(pattern, queue))).toEqual([]);
      expect(others.flatMap(([, row]) => row.queues).filter((queue) => matches(pattern, queue))).toEqual([]);
      const names = Object.keys(roleTable).filter((each) =>
        matches(components, `process/${processName(each as keyof typeof roleTable)}`),
      );
      expect(names).toEqual([role]);
    },
  );
});
