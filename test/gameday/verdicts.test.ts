import { describe, expect, it } from 'vitest';
import { type Fault, idOf } from './faults/fault.ts';
import { faults } from './faults/index.ts';
import type { Verdict } from './judge.ts';
import { missedHeartbeats, type Notice, noticesIn } from './receiver.ts';
import { describe as described, summary } from './report.ts';
import { missedBy, toldOf } from './verdicts.ts';

const fault: Fault = {
  name: 'a worker hangs (it answers no more)',
  kind: 'a process hangs',
  tells: /^process\/workers\/agents$|^TradingSystemDown$/,
  pages: /^TradingCyclesStalled$/,
  inject: async () => 0,
};
const verdict: Verdict = {
  id: 'a-worker-hangs',
  name: fault.name,
  begunAt: 1_000_000,
  injectedAt: 1_000_000,
  holdsAfterMs: 0,
  lastedMs: 0,
  detectedAfterMs: 20_000,
  detectedBy: 'supervisor: process/workers/agents process.hung',
  detail: '',
  recoveredAfterMs: 50_000,
  recoveredBy: ['restart'],
};
const nothing = { receivers: [], falsePages: [] };

const own = {
  detectionMs: 0,
  recoveryMs: 0,
  selfRecovered: 1,
  ended: 0,
  open: { warning: 0, critical: 0 },
  escalated: 0,
  unacknowledged: 0,
};

function notice(at: number, receiver: string, alert: string, status: Notice['status'] = 'firing'): Notice {
  return { at, receiver, status, alert, startsAt: at, endsAt: at };
}

function told(...notices: Notice[]) {
  const heartbeats = [0, 60_000, 120_000, 180_000, 240_000].map((ms) => 1_000_000 + ms);
  return toldOf(fault, undefined, { from: 1_000_000, injectedAt: 1_000_000, to: 1_240_000 }, { notices, heartbeats });
}

describe('who was told', () => {
  it('is each receiver, with the first alert of the fault or of what follows from it', () => {
    const words = [
      notice(1_070_000, 'page', 'TradingSystemDown'),
      notice(1_080_000, 'page', 'TradingCyclesStalled'),
      notice(1_090_000, 'team', 'TradingSystemDown'),
    ];
    expect(told(...words)).toEqual({
      receivers: [
        { name: 'page', alert: 'TradingSystemDown', afterMs: 70_000 },
        { name: 'team', alert: 'TradingSystemDown', afterMs: 90_000 },
      ],
      falsePages: [],
    });
  });

  it.each([
    ['of another alert', [notice(1_010_000, 'page', 'TradingBooksDiffer')], ['TradingBooksDiffer']],
    ['of the next person', [notice(1_010_000, 'escalation', 'TradingBooksDiffer')], ['TradingBooksDiffer']],
    ['said twice', [1, 2].map((at) => notice(1_010_000 + at, 'page', 'TradingBooksDiffer')), ['TradingBooksDiffer']],
    ['said to the team alone', [notice(1_010_000, 'team', 'TradingBooksDiffer')], []],
    ['called off', [notice(1_010_000, 'page', 'TradingBooksDiffer', 'resolved')], []],
    ['before it', [notice(999_999, 'page', 'TradingBooksDiffer')], []],
    ['at the next injection', [notice(1_240_000, 'page', 'TradingBooksDiffer')], []],
    ['of the budget, which faults before it used up', [notice(1_010_000, 'page', 'TradingBudgetBurnCycles')], []],
  ])('a page %s', (_case, notices, falsePages) => {
    expect(told(...notices).falsePages).toEqual(falsePages);
  });

  it('a false page names what it says it is about, since one alert is told of many', () => {
    const pages = ['workers/cycles', 'workers/control'].map((of) => ({
      ...notice(1_010_000, 'page', 'TradingHighErrorRate'),
      of,
    }));
    expect(told(...pages).falsePages).toEqual([
      'TradingHighErrorRate of workers/cycles',
      'TradingHighErrorRate of workers/control',
    ]);
  });

  it('a late page of the fault before is none of this one’s, and no false one', () => {
    const late = { notices: [notice(1_010_000, 'page', 'TradingSystemDown')], heartbeats: [1_000_500] };
    const other: Fault = { ...fault, tells: /^journal$/, pages: /^$/ };
    const window = { from: 1_000_000, injectedAt: 1_000_000, to: 1_050_000 };
    expect(toldOf(other, fault, window, late)).toEqual(nothing);
    expect(toldOf(other, other, window, late).falsePages).toEqual(['TradingSystemDown']);
  });

  it('nobody may be woken for what advises alone, whatever tells of it', () => {
    const heard = { notices: [notice(1_010_000, 'page', 'TradingSystemDown')], heartbeats: [1_000_500] };
    const window = { from: 1_000_000, injectedAt: 1_000_000, to: 1_050_000 };
    expect(toldOf({ ...fault, wakesNobody: true }, undefined, window, heard).falsePages).toEqual(['TradingSystemDown']);
  });

  it('of what a fault needs to begin with is none of the fault before it', () => {
    const needs = { ...fault, tells: /^process\/prometheus$/, pages: /^TradingSystemDown$/ };
    const window = { from: 1_000_000, injectedAt: 1_090_000, to: 1_240_000 };
    const early = { notices: [notice(1_080_000, 'page', 'TradingSystemDown')], heartbeats: [1_150_000, 1_210_000] };
    expect(toldOf(needs, undefined, window, early)).toEqual(nothing);
    const before = { ...verdict, begunAt: 900_000, injectedAt: 900_000 };
    const lived = [
      { fault: { ...fault, tells: /^journal$/, pages: /^$/ }, verdict: before, broken: [] },
      { fault: needs, verdict: { ...verdict, injectedAt: 1_090_000 }, broken: [] },
    ];
    const run = { violations: [], histories: 0, own, startedAt: 800_000, endedAt: 1_240_000 };
    expect(summary([fault, needs], lived, { ...run, receiver: early }).falsePages).toEqual([]);
  });

  it('is the switch outside, once it has missed a heartbeat', () => {
    expect(missedHeartbeats([10_000, 99_999], 0, 189_999)).toEqual([]);
    expect(missedHeartbeats([10_000, 100_001], 0, 150_000)).toEqual([100_000]);
    expect(missedHeartbeats([], 0, 90_001)).toEqual([90_000]);
    const none = { notices: [], heartbeats: [] };
    expect(toldOf(fault, undefined, { from: 0, injectedAt: 0, to: 100_000 }, none).receivers).toEqual([
      { name: 'heartbeat missing', alert: 'Watchdog', afterMs: 90_000 },
    ]);
  });

  it('reads a call of Alertmanager, and takes what it cannot read for a call all the same', () => {
    const alerts = [
      {
        status: 'firing',
        labels: { alertname: 'TradingSystemDown' },
        startsAt: '1970-01-01T00:00:01Z',
        endsAt: '1970-01-01T00:00:02Z',
      },
    ];
    expect(noticesIn(JSON.stringify({ receiver: 'page', alerts }), 'page', 3_000)).toEqual([
      { at: 3_000, receiver: 'page', status: 'firing', alert: 'TradingSystemDown', startsAt: 1_000, endsAt: 2_000 },
    ]);
    const labels = { alertname: 'TradingHighErrorRate', severity: 'critical', service: 'workers/cycles' };
    const ofCycles = { status: 'firing', labels, startsAt: '1970-01-01T00:00:01Z' };
    expect(noticesIn(JSON.stringify({ alerts: [ofCycles] }), 'page', 3_000)).toMatchObject([{ of: 'workers/cycles' }]);
    expect(noticesIn('all is stopped', 'page', 3_000)).toMatchObject([
      { alert: 'unreadable: all is stopped', status: 'firing' },
    ]);
  });
});

describe('a fault is held', () => {
  it.each<[string, Partial<Fault>, Partial<Verdict>, string[]]>([
    ['found and healed in time', {}, {}, []],
    ['found at the last moment', {}, { detectedAfterMs: 59_999 }, []],
    ['found late', {}, { detectedAfterMs: 60_000 }, ['found late']],
    ['found late, and in time from when it held', {}, { detectedAfterMs: 140_000, holdsAfterMs: 90_000 }, []],
    ['healed late', {}, { recoveredAfterMs: 120_000 }, ['healed late']],
    ['healed late, and in time from its end', {}, { recoveredAfterMs: 200_000, lastedMs: 90_000 }, []],
    ['not injected', {}, { refused: 'strace is missing' }, ['not injected']],
    ['healed by a person', {}, { recoveredBy: ['restart', 'person'] }, ['a person was needed']],
    ['its cause unsaid', { cause: /EAI_AGAIN/ }, { detail: 'The connection failed.' }, ['its cause is not said']],
    ['its cause said', { cause: /EAI_AGAIN/ }, { detail: 'No name server answers (EAI_AGAIN).' }, []],
    ['nobody called', { calls: 'page' }, {}, ['page was not called']],
    ['with harm', {}, { harm: '2 cycles ran that nobody asked for' }, ['2 cycles ran that nobody asked for']],
    [
      'a person’s right',
      { isNone: true },
      { detectedBy: 'health: schedule/cycles schedule.overdue' },
      ['taken for a fault by health: schedule/cycles schedule.overdue'],
    ],
  ])('%s', (_case, of, changes, missed) => {
    expect(missedBy({ ...fault, ...of }, { ...verdict, ...changes }, nothing, [])).toEqual(missed);
  });

  it('not, where nobody found it and it did not heal, the books broke, or a page was false', () => {
    const { detectedAfterMs: _found, detectedBy: _by, recoveredAfterMs: _healed, ...lost } = verdict;
    expect(missedBy(fault, lost, nothing, ['I2 fees differ'])).toEqual([
      'found by nobody',
      'not healed',
      'I2 fees differ',
    ]);
    expect(missedBy(fault, verdict, { receivers: [], falsePages: ['TradingBooksDiffer'] }, undefined)).toEqual([
      'false page TradingBooksDiffer',
      'not compared',
    ]);
    expect(missedBy({ ...fault, isNone: true }, lost, nothing, [])).toEqual(['not healed']);
  });

  it('by the team, where a page says more than has to be said', () => {
    const receivers = [{ name: 'page', alert: 'TradingSystemDown', afterMs: 1 }];
    expect(missedBy({ ...fault, calls: 'team' }, verdict, { receivers, falsePages: [] }, [])).toEqual([]);
    const team = [{ name: 'team', alert: 'TradingSystemDown', afterMs: 1 }];
    expect(missedBy({ ...fault, calls: 'page' }, verdict, { receivers: team, falsePages: [] }, [])).toEqual([
      'page was not called',
    ]);
  });
});

describe('the run', () => {
  const run = { violations: [], histories: 3, own, startedAt: 900_000, endedAt: 1_100_000 };
  const heartbeats = [950_000, 1_010_000, 1_070_000];
  const lived = [{ fault, verdict, broken: [] }];

  it('is held where each fault is, and says so', () => {
    const report = summary([fault], lived, { ...run, receiver: { notices: [], heartbeats } });
    expect(report).toMatchObject({ held: 1, reached: true, mttdMs: 20_000, mttrMs: 50_000, falsePages: [] });
    expect(described(report)).toContain('1 of 1 faults of 1 kinds were held (100.0 %)');
  });

  it.each([
    ['a fault that was not reached', [fault, fault], lived, [], heartbeats],
    [
      'a page before the first fault',
      [fault],
      lived,
      [notice(950_000, 'page', 'TradingReconciliationStale')],
      heartbeats,
    ],
    ['no heartbeat at all', [fault], lived, [], []],
  ])('is not, with %s', (_case, wanted, lived_, notices, beats) => {
    expect(summary(wanted, lived_, { ...run, receiver: { notices, heartbeats: beats } }).reached).toBe(false);
  });
});

it('names each fault by an id of its own', () => {
  const ids = faults.map(idOf);
  expect(ids.filter((id, place) => ids.indexOf(id) !== place)).toEqual([]);
  expect(idOf({ name: 'the exchange’s clock is 1.5 s ahead (again), it says' })).toBe(
    'the-exchanges-clock-is-1-5-s-ahead',
  );
});
