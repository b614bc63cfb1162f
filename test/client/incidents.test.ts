import { afterEach, expect, it, vi } from 'vitest';
import {
  figuresLine,
  postMortem,
  runbookLines,
  stakeholderMessage,
  timeline,
} from '../../client/views/incident-view.ts';
import { healthFigures, type Incident } from '../../domain/health/health.ts';

afterEach(() => vi.unstubAllEnvs());

const at = (seconds: number): number => Date.UTC(2026, 10, 24) + seconds * 1_000;
const incident: Incident = {
  incidentId: 'books-main-1',
  component: 'books/main',
  code: 'books.differ',
  severity: 'critical',
  detail: 'BTC: booked 0, at the exchange 0.5',
  beganAt: at(0),
  detectedAt: at(10),
  detectedBy: 'health',
  looks: 3,
  actions: [
    { action: 'reconcile', startedAt: at(10), endedAt: at(12), outcome: 'done', detail: 'a round was asked for' },
  ],
  recoveredAt: at(40),
  recoveredBy: 'reconcile',
};

it('an incident is told as a timeline, to stakeholders, and as the draft of a post-mortem', () => {
  expect(timeline(incident).map(({ at: when, what }) => [(when - at(0)) / 1_000, what])).toEqual([
    [0, 'it was well for the last time'],
    [10, 'found by health: BTC: booked 0, at the exchange 0.5'],
    [10, 'reconcile was begun'],
    [12, 'reconcile done: a round was asked for'],
    [40, 'well again (reconcile)'],
  ]);
  expect(stakeholderMessage(incident)).toContain('over since 2026-11-24T00:00:40.000Z, after 30.0 s');
  const { recoveredAt: _over, recoveredBy: _by, ...open } = incident;
  expect(stakeholderMessage(open)).toContain('trying to mend it by itself');
  expect(stakeholderMessage({ ...open, escalatedAt: at(60) })).toContain('a person was called');
  expect(postMortem(incident)).toContain('**Recovery**: 30.0 s after the detection, by reconcile');
  expect(postMortem(open)).toContain('**Recovery**: not yet');
});

it('what is open leads to its runbook, each page once, below the address that alerts have', () => {
  const { recoveredAt: _over, recoveredBy: _by, ...open } = incident;
  const of = (component: string, code: Incident['code']): Incident => ({ ...open, component, code });
  vi.stubEnv('SAPPHIRE_PROJECT_URL', 'https://git.example.com/sapphire/');
  expect(
    runbookLines([
      incident,
      open,
      of('trading/main', 'trading.frozen'),
      of('schedule/export/paper', 'schedule.overdue'),
      of('process/prometheus', 'process.ended'),
    ]),
  ).toEqual([
    'books/main, trading/main: https://git.example.com/sapphire/deploy/runbooks/TradingBooksDiffer.md',
    'schedule/export/paper: https://git.example.com/sapphire/deploy/runbooks/WarehouseExportLagging.md',
    'process/prometheus: https://git.example.com/sapphire/deploy/runbooks/TradingIncidentEscalated.md',
  ]);
  expect(postMortem(open)).toContain('https://git.example.com/sapphire/deploy/runbooks/TradingBooksDiffer.md');
  vi.stubEnv('SAPPHIRE_PROJECT_URL', '');
  expect(runbookLines([open])).toEqual([
    expect.stringMatching(/^books\/main: file:\/\/\/.+\/deploy\/runbooks\/TradingBooksDiffer\.md$/),
  ]);
});

it('the figures are a line', () => {
  expect(figuresLine(healthFigures([incident]))).toBe(
    '0 open, 0 of them need a person; MTTD 10.0 s, MTTR 30.0 s, 100 % of 1 recovered without a person',
  );
  expect(figuresLine(healthFigures([]))).toBe('0 open, 0 of them need a person; none has ended');
});
