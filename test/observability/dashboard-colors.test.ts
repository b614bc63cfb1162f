import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../deploy/observability/alert.ts';
import { alertOf, boundOf, stepsOf } from '../../deploy/observability/bounds.ts';
import { dashboardOf } from '../../deploy/observability/dashboards/grafana.ts';
import { boards } from '../../deploy/observability/generate.ts';
import { alertGroups } from '../../deploy/observability/rules.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { type Drawn, drawnSchema, shown } from './grafana.ts';

const drawn = boards.flatMap((board) => {
  const { panels = [] } = dashboardOf(board);
  return panels
    .filter(({ type }) => type !== 'row')
    .map((panel) => ({ board: board.uid, panel: drawnSchema.parse(JSON.parse(JSON.stringify(panel))) }));
});

function panel(title: string): Drawn {
  const found = drawn.find((each) => each.panel.title === title);
  if (!found) throw new Error(`There is no panel ${title}.`);
  return found.panel;
}

/** Of each panel that shows a state or is held to a bound: value, colour, and the word where it has one. */
const samples: [title: string, value: number, color: string, text?: string][] = [
  ['Critical alerts', 0, 'green'],
  ['Critical alerts', 1, 'red'],
  ['Warnings', 0, 'green'],
  ['Warnings', 3, 'orange'],
  ['Equity', 9_996, 'blue'],
  ['Equity', 12, 'blue'],
  ['Of the day', 1.2, 'green'],
  ['Of the day', -5, 'green'],
  ['Of the day', -5.1, 'red'],
  ['Below the peak', -0.4, 'green'],
  ['Below the peak', -7.1, 'orange'],
  ['Trading state', 0, 'green', 'active'],
  ['Trading state', 1, 'orange', 'reducing'],
  ['Trading state', 2, 'red', 'halted'],
  ['Demo', 0, 'blue', 'by record'],
  ['Demo', 1, 'purple', 'demo'],
  ['Unresolved orders', 0, 'green'],
  ['Unresolved orders', 1, 'red'],
  ['Books against exchange', 0, 'green'],
  ['Books against exchange', 1, 'red'],
  ['Time since the last cycle', 1, 'green'],
  ['Time since the last cycle', 3.1, 'red'],
  ['Cost of a month', 0, 'green'],
  ['Cost of a month', 801, 'orange'],
  ['Availability', 0, 'red', 'failed'],
  ['Availability', 1, 'green', 'answered'],
  ['Breakers of the agents', 0, 'green', 'closed'],
  ['Breakers of the agents', 1, 'orange', 'half-open'],
  ['Breakers of the agents', 2, 'red', 'open'],
  ['Open critical incidents', 0, 'green'],
  ['Open critical incidents', 5, 'red'],
  ['Open incidents to look at', 0, 'green'],
  ['Open incidents to look at', 5, 'orange'],
  ['Need a person', 0, 'green'],
  ['Need a person', 3, 'red'],
  ['MTTD', 120, 'green'],
  ['MTTD', 301, 'red'],
  ['MTTR', 120, 'green'],
  ['MTTR', 901, 'red'],
  ['Recovered without a person', 1, 'green'],
  ['Recovered without a person', 0.79, 'red'],
  ['Last look of health', 9, 'green'],
  ['Last look of health', 61, 'red'],
  ['Firing alerts', 85, 'blue'],
  ['Open incidents', 85, 'blue'],
  ['Components', 0, 'red', 'not well'],
  ['Components', 1, 'green', 'well'],
  ['Processes', 0, 'red', 'down'],
  ['Processes', 1, 'green', 'up'],
  ['Circuit breakers', 0, 'green', 'closed'],
  ['Circuit breakers', 2, 'red', 'open'],
  ['Left of the budgets', 1, 'green'],
  ['Left of the budgets', 0.1, 'orange'],
  ['Left of the budgets', -3, 'red'],
  ['Non-determinism', 0, 'green'],
  ['Non-determinism', 1, 'red'],
  ['Last reconciliation', 30, 'green'],
  ['Last reconciliation', 181, 'red'],
  ['Clock of the exchange', 0.2, 'green'],
  ['Clock of the exchange', 1.1, 'orange'],
  ['Age of the backup', 86_400, 'green'],
  ['Age of the backup', 27 * 3_600, 'orange'],
  ['Market rows lost', 0, 'green'],
  ['Market rows lost', 1, 'orange'],
  ['Disk', 0.89, 'green'],
  ['Disk', 0.91, 'red'],
  ['Memory', 4e8, 'green'],
  ['Memory', 1.6e9, 'orange'],
  ['Free slots', 0, 'orange'],
  ['Free slots', 100, 'green'],
];

describe('by Grafana’s own rules', () => {
  it.each(samples)('%s %d is %s', (title, value, color, text = String(value)) => {
    expect(shown(panel(title), value)).toEqual({ text, color });
  });

  const stats = drawn.filter((each) => each.panel.type === 'stat').map((each) => each.panel);
  const well = new Map([
    ['MTTD', 'no incident yet'],
    ['MTTR', 'no incident yet'],
    ['Recovered without a person', 'no incident yet'],
    ['Age of the backup', 'none yet'],
    ['Left of the budgets', 'nothing counted yet'],
  ]);

  it.each(stats.map((stat): [string, Drawn] => [stat.title, stat]))(
    '%s without a value is neither good nor bad, and says which',
    (title, stat) => {
      const text = well.get(title);
      const nothing = text === undefined ? { text: 'no data', color: 'orange' } : { text, color: 'blue' };
      expect([null, Number.NaN].map((value) => shown(stat, value))).toEqual([nothing, nothing]);
    },
  );

  it('one value is of now: over a range its last would stand for hours after who tells it has gone', () => {
    for (const { title, targets = [] } of stats)
      expect(
        targets.map(({ instant }) => instant),
        title,
      ).toEqual(targets.map(() => true));
  });

  it('a panel without thresholds would be red from 80 on', () => {
    const bare: Drawn = { type: 'stat', title: 'bare', fieldConfig: { defaults: {} } };
    expect([79, 80].map((value) => shown(bare, value).color)).toEqual(['green', 'red']);
  });

  it('every panel has thresholds of its own, from minus infinity upwards, and says what its colours go by', () => {
    for (const { panel: each } of drawn) {
      const { thresholds, color } = each.fieldConfig.defaults;
      const values = thresholds?.steps.map(({ value }) => value ?? Number.NEGATIVE_INFINITY) ?? [];
      expect(values[0], each.title).toBe(Number.NEGATIVE_INFINITY);
      expect(values, each.title).toEqual(values.toSorted((one, other) => one - other));
      expect(new Set(values).size, each.title).toBe(values.length);
      expect(color?.mode, each.title).toBe(each.type === 'timeseries' ? 'palette-classic' : 'thresholds');
    }
  });

  it('every panel that shows one value or a state is tried above', () => {
    const tried = new Set(samples.map(([title]) => title));
    const untried = drawn.filter((each) => each.panel.type !== 'timeseries' && !tried.has(each.panel.title));
    expect(untried.map((each) => each.panel.title)).toEqual([]);
  });

  it('the first board looked at says beside the alerts what is open, before any alert does', () => {
    const { panels = [] } = dashboardOf(boards[0] ?? { uid: '', title: '', description: '', rows: [] });
    const titles = panels.filter(({ type }) => type === 'stat').map(({ title }) => title);
    expect(titles.slice(0, 3)).toEqual(['Open critical incidents', 'Critical alerts', 'Warnings']);
  });

  it('a firing critical alert is red, a warning orange, in the list', () => {
    const column = panel('Firing alerts').fieldConfig.overrides?.find(({ matcher }) => matcher.options === 'severity');
    const mappings = column?.properties.find(({ id }) => id === 'mappings')?.value;
    expect(mappings).toMatchObject([
      { options: { critical: { color: 'red' }, warning: { color: 'orange' }, none: { color: 'green' } } },
    ]);
  });
});

describe('the bounds of panels', () => {
  const alert = (expr: string, severity: Alert['severity'] = 'critical'): Alert => ({
    name: 'Some',
    expr,
    severity,
    summary: '',
    description: '',
  });

  it.each<[string, ReturnType<typeof boundOf>]>([
    ['max by (service) (x{a=~"b > 7"}) > 5', { side: 'above', value: 5 }],
    ['100 * (a - b) / b < -5', { side: 'below', value: -5 }],
    ['max(x) > 1.5e9', { side: 'above', value: 1.5e9 }],
    ['time() - max(x) > 26 * 3600', { side: 'above', value: 93_600 }],
    ['(time() - max(x) > 3 * max(y)) unless max(z) == 2', { side: 'above', value: 3 }],
    ['max(x) > 0', { side: 'above', value: 1 }],
    ['min(x) == 0', { side: 'below', value: 1 }],
    ['max(x) == 2', { side: 'above', value: 2 }],
  ])('of %s', (expr, bound) => {
    expect(boundOf(alert(expr))).toEqual(bound);
  });

  it('refuse what compares with no number, and sides that disagree', () => {
    expect(() => boundOf(alert('absent(up)'))).toThrow(/compares with no number/);
    expect(() => stepsOf([alert('x > 1'), alert('x < 0')])).toThrow(/one fires above, the other below/);
    expect(() => alertOf({ alertname: 'TradingResourceExhaustion' })).toThrow(/names 9 alerts/);
    expect(() => alertOf({ alertname: 'NoSuch' })).toThrow(/names 0 alerts/);
  });

  it('turn from green by orange to red on either side, and never back', () => {
    expect(stepsOf([alert('x > 9'), alert('x > 5', 'warning'), alert('x > 12', 'warning')])).toEqual([
      { value: null, color: 'green' },
      { value: 5, color: 'orange' },
      { value: 9, color: 'red' },
    ]);
    expect(stepsOf([alert('x < -7', 'warning'), alert('x < -9')])).toEqual([
      { value: null, color: 'red' },
      { value: -9, color: 'orange' },
      { value: -7, color: 'green' },
    ]);
    expect(stepsOf([alert('x > 5', 'warning'), alert('x > 5')])).toEqual([
      { value: null, color: 'green' },
      { value: 5, color: 'red' },
    ]);
  });
});

describe('the links', () => {
  it('of a panel lead to runbooks that exist', () => {
    const names = boards.flatMap(({ rows }) =>
      rows.flatMap(({ panels }) => panels.flatMap(({ alerts = [] }) => alerts.map(({ name }) => name))),
    );
    expect(new Set(names).size).toBeGreaterThan(20);
    for (const name of names)
      expect(existsSync(join(projectFolder, 'deploy', 'runbooks', `${name}.md`)), name).toBe(true);
    expect(alertGroups.flatMap(({ alerts }) => alerts.map(({ name }) => name))).toEqual(expect.arrayContaining(names));
    const { panels = [] } = dashboardOf(boards[0] ?? { uid: '', title: '', description: '', rows: [] });
    expect(panels.find(({ title }) => title === 'Trading state')).toMatchObject({
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in.
      links: [{ url: '${runbooks}/TradingHalted.md' }, { url: '${runbooks}/TradingReducing.md' }],
    });
  });

  it('of each alert stand on a panel, but of the one that fires always', () => {
    const linked = new Set(
      boards.flatMap(({ rows }) =>
        rows.flatMap(({ panels }) => panels.flatMap(({ alerts = [] }) => alerts.map(({ name }) => name))),
      ),
    );
    const all = new Set(alertGroups.flatMap(({ alerts }) => alerts.map(({ name }) => name)));
    expect([...all].filter((name) => !linked.has(name))).toEqual(['Watchdog']);
  });

  it('of a name in the list of firing alerts leads to its runbook', () => {
    const column = panel('Firing alerts').fieldConfig.overrides?.find(({ matcher }) => matcher.options === 'alertname');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in.
    const url = '${runbooks}/${__value.text}.md';
    expect(column?.properties).toMatchObject([{ id: 'links', value: [{ url }] }]);
  });

  it.each(boards)('of $uid lead to the other boards, and restarts, releases and halts are marked on it', (board) => {
    const { links, tags, annotations } = dashboardOf(board);
    expect(links).toMatchObject([{ type: 'dashboards', tags: ['sapphire'], includeVars: true, keepTime: true }]);
    expect(links?.[0]).not.toHaveProperty('placement');
    expect(tags).toContain('sapphire');
    expect(annotations?.list?.map(({ name }) => name)).toEqual(['Restarts', 'Releases', 'Halts']);
  });
});
