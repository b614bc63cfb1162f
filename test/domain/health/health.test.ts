import { describe, expect, it } from 'vitest';
import {
  type Assessment,
  assess,
  healthFigures,
  type Incident,
  type Observation,
} from '../../../domain/health/health.ts';
import { type ConditionCode, conditions } from '../../../domain/health/health-conditions.ts';

const LOOK_MS = 10_000;
const BEGIN = 1_000_000;

/** Looks every ten seconds at one component, ends each recovery as it is told, and keeps what became of it. */
function history(codes: readonly (ConditionCode | undefined)[], recoveryEnds: 'done' | 'failed' | 'never' = 'done') {
  let known: Incident[] = [];
  const told: string[][] = [];
  const due: string[][] = [];
  codes.forEach((code, place) => {
    const at = BEGIN + place * LOOK_MS;
    const observations: Observation[] = [{ component: 'thing', code, detail: code ?? 'ok' }];
    const previousAt = place === 0 ? undefined : at - LOOK_MS;
    const assessment: Assessment = assess(known, { at, previousAt, by: 'health', observations });
    for (const { incident } of assessment.changed) {
      known = [...known.filter(({ incidentId }) => incidentId !== incident.incidentId), incident];
    }
    if (recoveryEnds !== 'never') {
      const ended = { endedAt: at, outcome: recoveryEnds };
      known = known.map((incident) => ({
        ...incident,
        actions: incident.actions.map((record) => (record.endedAt === undefined ? { ...record, ...ended } : record)),
      }));
    }
    told.push(assessment.changed.map((change) => change.told));
    due.push(assessment.due.map(({ action }) => action));
  });
  return { known, told, due };
}

const repeat = (code: ConditionCode | undefined, times: number): (ConditionCode | undefined)[] =>
  Array.from({ length: times }, () => code);

describe('an incident', () => {
  it('begins with the look that finds it, no later than which it began, and ends with one that does not', () => {
    const { known, told } = history([undefined, 'exchange.away', 'exchange.away', undefined]);
    expect(told).toEqual([[], ['opened'], ['seen'], ['recovered']]);
    expect(known).toMatchObject([
      {
        code: 'exchange.away',
        severity: 'critical',
        beganAt: BEGIN,
        detectedAt: BEGIN + LOOK_MS,
        recoveredAt: BEGIN + 3 * LOOK_MS,
        recoveredBy: 'itself',
      },
    ]);
  });

  it('is one, whatever it turns into while it lasts, as bad as it ever was', () => {
    const { known } = history([undefined, 'process.silent', 'process.unready', undefined]);
    expect(known).toHaveLength(1);
    expect(known[0]).toMatchObject({ code: 'process.unready', severity: 'critical', looks: 1 });
  });

  it.each<[ConditionCode]>([['process.ended'], ['process.hung']])(
    'keeps %s, which its supervisor knows, where a look from afar hears nothing meanwhile',
    (code) => {
      const { known, due } = history([code, 'process.silent', 'process.silent', undefined]);
      expect(known).toMatchObject([{ code, detail: code, looks: 3, recoveredBy: 'restart' }]);
      // It is the supervisor who starts it again.
      expect(due).toEqual([['restart'], [], [], []]);
      const { known: other } = history(['process.silent', code]);
      expect(other).toMatchObject([{ code, detail: code }]);
    },
  );

  it('calls a person for a process that ended and stays silent', () => {
    const { told } = history(['process.ended', ...repeat('process.silent', 31)]);
    expect(told.flat().filter((each) => each === 'escalated')).toHaveLength(1);
  });

  it('stays a warning while nothing worse comes of it', () => {
    const { known } = history(['exchange.clock_skew', 'breaker.open', 'breaker.open']);
    expect(known[0]).toMatchObject({ code: 'breaker.open', severity: 'warning', looks: 2 });
  });

  it('calls a person to the millisecond', () => {
    const { escalateAfterMs } = conditions['exchange.away'];
    const look = (known: Incident[], at: number) => {
      const observations: Observation[] = [{ component: 'thing', code: 'exchange.away', detail: '' }];
      return assess(known, { at, previousAt: at - LOOK_MS, by: 'health', observations }).changed;
    };
    const [found] = look([], BEGIN);
    const known = found ? [found.incident] : [];
    expect(look(known, BEGIN + escalateAfterMs - 1)[0]?.told).toBe('seen');
    expect(look(known, BEGIN + escalateAfterMs)[0]?.told).toBe('escalated');
  });

  it.each(['control.silent', 'exits.silent'] as const)(
    'calls nobody for %s, which a restart of the worker ends within half a minute, and somebody once it lasts a minute',
    (code) => {
      const healed = history([undefined, ...repeat(code, 4), undefined]);
      expect(healed.told.flat()).not.toContain('escalated');
      expect(healed.known).toMatchObject([{ severity: 'critical', recoveredBy: 'itself' }]);
      const { told } = history(repeat(code, 7));
      expect(told.map((words) => words.includes('escalated'))).toEqual([
        false,
        false,
        false,
        false,
        false,
        false,
        true,
      ]);
    },
  );

  it('is another one when it comes back', () => {
    const { known } = history(['exchange.away', undefined, 'exchange.away']);
    expect(known).toHaveLength(2);
  });

  it('stays as it is when nobody looked', () => {
    const { known } = history(['exchange.away']);
    expect(assess(known, { at: BEGIN + LOOK_MS, previousAt: BEGIN, by: 'health', observations: [] })).toEqual({
      changed: [],
      due: [],
    });
  });
});

describe('a recovery', () => {
  it('is tried at once, again after its pause, and the one that helped is named', () => {
    const { known, due } = history([undefined, ...repeat('order.unresolved', 3), undefined]);
    // Its pause is 15 seconds, a look comes every ten.
    expect(due).toEqual([[], ['reconcile'], [], ['reconcile'], []]);
    expect(known[0]?.recoveredBy).toBe('reconcile');
    expect(known[0]?.escalatedAt).toBeUndefined();
  });

  it('waits for as many looks as its condition asks for', () => {
    const { due } = history(repeat('position.unprotected', 3));
    expect(due).toEqual([[], ['reconcile'], []]);
  });

  it.each(['done', 'failed'] as const)(
    'that does not help (%s) ends with its budget, and a person is called once',
    (end) => {
      const { known, due, told } = history(repeat('books.differ', 12), end);
      expect(due.flat()).toHaveLength(4);
      expect(told.flat().filter((words) => words === 'escalated')).toHaveLength(1);
      expect(known[0]?.escalatedAt).toEqual(expect.any(Number));
    },
  );

  it('of which nothing is heard is waited for for a minute, and counts as failed then', () => {
    const { known, due } = history(repeat('order.unresolved', 10), 'never');
    expect(due.map((actions) => actions.length)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(known[0]?.actions[0]).toMatchObject({ outcome: 'failed', detail: 'its end was not heard of' });
  });

  it('has one budget for a component that breaks again and again', () => {
    const codes = Array.from({ length: 20 }, (_, place) => (place % 2 === 0 ? ('books.differ' as const) : undefined));
    const { due, told } = history(codes);
    expect(due.flat()).toHaveLength(4);
    expect(told.flat()).toContain('escalated');
  });

  it('after a person was called is the person’s', () => {
    const { known } = history([...repeat('books.differ', 12), undefined]);
    expect(known[0]?.recoveredBy).toBe('person');
  });
});

describe('every condition', () => {
  it.each(Object.keys(conditions) as ConditionCode[])(
    '%s calls a person when nothing helps, and never twice',
    (code) => {
      const { told, due } = history(repeat(code, 400), 'failed');
      expect(told.flat().filter((words) => words === 'escalated')).toHaveLength(1);
      const condition = conditions[code];
      expect(due.flat()).toHaveLength('recovery' in condition ? condition.recovery.tries : 0);
    },
  );
});

describe('MTTD and MTTR', () => {
  it('are means over what was found and what has ended', () => {
    const incident = (began: number, detected: number, recovered?: number, person = false): Incident => ({
      incidentId: String(began),
      component: 'thing',
      code: 'exchange.away',
      severity: 'critical',
      detail: '',
      beganAt: began,
      detectedAt: detected,
      detectedBy: 'health',
      looks: 1,
      actions: [],
      ...(person ? { escalatedAt: detected } : {}),
      ...(recovered === undefined ? {} : { recoveredAt: recovered, recoveredBy: person ? 'person' : 'itself' }),
    });
    const figures = healthFigures([
      incident(0, 10_000, 40_000),
      incident(0, 20_000, 30_000),
      incident(0, 0, 20_000, true),
      incident(0, 10_000, undefined, true),
    ]);
    expect(figures).toEqual({
      detectionMs: 10_000,
      recoveryMs: 20_000,
      selfRecovered: 2 / 3,
      ended: 3,
      open: { warning: 0, critical: 1 },
      escalated: 1,
      unacknowledged: 1,
    });
    expect(healthFigures([])).toMatchObject({ detectionMs: 0, recoveryMs: 0, selfRecovered: 1 });
  });
});

describe('a clock that is set back while an incident lasts', () => {
  const look = (known: readonly Incident[], at: number, code?: ConditionCode): Assessment =>
    assess(known, {
      at,
      previousAt: at - LOOK_MS,
      by: 'health',
      observations: [{ component: 'thing', code, detail: '' }],
    });
  const incidentOf = ({ changed }: Assessment): Incident => {
    const [first] = changed;
    if (!first) throw new Error('nothing changed');
    return first.incident;
  };
  const BACK_MS = 600_000;

  it('makes no time of it negative', () => {
    const found = incidentOf(look([], BEGIN, 'exchange.away'));
    const ended = incidentOf(look([found], BEGIN - BACK_MS));
    expect(ended.recoveredAt).toBe(BEGIN);
    expect(healthFigures([ended])).toMatchObject({ recoveryMs: 0, detectionMs: LOOK_MS });
    const before = { component: 'thing', code: 'exchange.away' as const, detail: '', since: BEGIN };
    const late = assess([], { at: BEGIN - BACK_MS, previousAt: undefined, by: 'health', observations: [before] });
    expect(incidentOf(late).beganAt).toBe(BEGIN - BACK_MS);
  });

  it('puts off no call of a person', () => {
    const { escalateAfterMs } = conditions['exchange.away'];
    expect(escalateAfterMs).toBeGreaterThan(LOOK_MS);
    const found = incidentOf(look([], BEGIN, 'exchange.away'));
    expect(look([found], BEGIN + LOOK_MS, 'exchange.away').changed[0]?.told).not.toBe('escalated');
    expect(look([found], BEGIN - BACK_MS, 'exchange.away').changed[0]?.told).toBe('escalated');
  });
});
