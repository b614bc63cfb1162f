import { type ConditionCode, conditionOf, MINUTE_MS, type RecoveryAction, type Severity } from './health-conditions.ts';

/** One component at one look. `code` is missing where it is well. */
export interface Observation {
  /** e.g. `process/workers/cycles`, `exchange`, `schedule/reconcile/main`. */
  component: string;
  code?: ConditionCode | undefined;
  /** A sentence for a person. */
  detail: string;
  /** When it was last well, where the observer knows better than by its last look. UTC epoch milliseconds. */
  since?: number | undefined;
}

/** A component that is well, or has this fault. */
export function observed(
  component: string,
  fault: { code: ConditionCode; detail: string } | false = false,
): Observation {
  return fault ? { component, ...fault } : { component, detail: 'ok' };
}

export interface RecoveryRecord {
  action: RecoveryAction;
  startedAt: number;
  endedAt?: number | undefined;
  /** Whether it did what it is for; whether that helped is what the next look tells. */
  outcome?: 'done' | 'failed' | undefined;
  detail: string;
}

export interface Incident {
  incidentId: string;
  component: string;
  code: ConditionCode;
  severity: Severity;
  detail: string;
  /** The last look at which it was well: no later than this look did it begin to be otherwise. UTC epoch milliseconds. */
  beganAt: number;
  detectedAt: number;
  detectedBy: 'health' | 'reconcile' | 'supervisor';
  /** Looks in a row that found it. */
  looks: number;
  actions: RecoveryRecord[];
  escalatedAt?: number | undefined;
  acknowledged?: { at: number; by: string } | undefined;
  recoveredAt?: number | undefined;
  /** The action before the recovery, `itself` where there was none, `person` where one had been called. */
  recoveredBy?: RecoveryAction | 'itself' | 'person' | undefined;
}

export interface Look {
  at: number;
  /** When the same components were last looked at. */
  previousAt: number | undefined;
  by: Incident['detectedBy'];
  observations: readonly Observation[];
  /** Whoever looked can do nothing about it: what is to be tried is left to the next who looks. */
  observeOnly?: boolean | undefined;
}

export interface DueRecovery {
  incidentId: string;
  component: string;
  action: RecoveryAction;
  detail: string;
}

export interface Assessment {
  /** As they are to be written, new ones among them. */
  changed: { incident: Incident; told: 'opened' | 'seen' | 'escalated' | 'recovered' | 'recovering' }[];
  due: DueRecovery[];
}

/** An action that was begun and of which nothing was heard for so long has failed. */
const ACTION_LIMIT_MS = MINUTE_MS;
/** Tries of an action are counted over this time, so that what comes back each minute uses up its budget, too. */
const BUDGET_WINDOW_MS = 30 * MINUTE_MS;

/**
 * Holds one look against what is known: which incidents begin, go on and end, what is to be tried now, and where a person is to be called.
 *
 * @param known open incidents, and those of the last half hour
 */
export function assess(known: readonly Incident[], look: Look): Assessment {
  const assessment: Assessment = { changed: [], due: [] };
  for (const observation of look.observations) {
    const open = known.find(
      ({ component, recoveredAt }) => component === observation.component && recoveredAt === undefined,
    );
    if (observation.code === undefined) {
      if (open) assessment.changed.push({ incident: recovered(open, look.at), told: 'recovered' });
      continue;
    }
    const { component, code, detail, since } = observation;
    const found = { component, code, detail, since };
    const incident = open ? seenAgain(open, found, look.at) : opened(found, look);
    // What the supervisor does about it is not for a look from afar to try.
    const step = nextStep(open && saysLess(code, open) ? { ...incident, code } : incident, known, look.at);
    if (step === 'recover' && look.observeOnly !== true) {
      const { recovery } = conditionOf(incident.code);
      if (!recovery) continue;
      const { action } = recovery;
      const { incidentId, component, detail } = incident;
      incident.actions = [...incident.actions, { action, startedAt: look.at, detail: '' }];
      assessment.due.push({ incidentId, component, action, detail });
    }
    if (step === 'escalate') incident.escalatedAt = look.at;
    const told = open ? (step === 'escalate' ? 'escalated' : step === 'recover' ? 'recovering' : 'seen') : 'opened';
    assessment.changed.push({ incident, told });
    if (!open && step === 'escalate') assessment.changed.push({ incident, told: 'escalated' });
  }
  return assessment;
}

type Found = Observation & { code: ConditionCode };

function opened({ component, code, detail, since }: Found, { at, previousAt, by }: Look): Incident {
  return {
    incidentId: `${component.replaceAll(/[^a-zA-Z0-9]+/g, '-')}-${at}`,
    component,
    code,
    severity: conditionOf(code).severity,
    detail,
    beganAt: Math.min(at, since ?? previousAt ?? at),
    detectedAt: at,
    detectedBy: by,
    looks: 1,
    actions: [],
  };
}

/** What it is may change while it lasts: a process that is restarted is silent first, and unready then. */
function seenAgain(before: Incident, { code, detail, since }: Found, at: number): Incident {
  // Who knows when it worked last knows more than whoever saw first that it does not.
  const open = { ...before, beganAt: Math.min(before.beganAt, since ?? before.beganAt) };
  const actions = open.actions.map((record) =>
    record.endedAt === undefined && msSince(record.startedAt, at) > ACTION_LIMIT_MS
      ? { ...record, endedAt: at, outcome: 'failed' as const, detail: 'its end was not heard of' }
      : record,
  );
  if (saysLess(code, open)) return { ...open, looks: open.looks + 1, actions };
  const looks = code === open.code ? open.looks + 1 : 1;
  return { ...open, code, detail, severity: worse(open.severity, conditionOf(code).severity), looks, actions };
}

/** Who has seen a process end knows more of it than who hears nothing of it until it is started again. */
function saysLess(code: ConditionCode, open: Incident): boolean {
  return code === 'process.silent' && (open.code === 'process.ended' || open.code === 'process.hung');
}

function worse(one: Severity, other: Severity): Severity {
  return one === 'critical' || other === 'critical' ? 'critical' : 'warning';
}

function nextStep(incident: Incident, known: readonly Incident[], at: number): 'wait' | 'recover' | 'escalate' {
  const { looks, recovery, escalateAfterMs } = conditionOf(incident.code);
  // What did not help is not tried again while a person looks into it.
  if (incident.escalatedAt !== undefined) return 'wait';
  if (incident.actions.some(({ endedAt }) => endedAt === undefined)) return 'wait';
  if (recovery && incident.looks >= looks) {
    const earlier = known
      .filter(({ component, incidentId }) => component === incident.component && incidentId !== incident.incidentId)
      .flatMap(({ actions }) => actions);
    const tries = [...earlier, ...incident.actions].filter(
      ({ action, startedAt }) => action === recovery.action && startedAt > at - BUDGET_WINDOW_MS,
    );
    const last = incident.actions.at(-1)?.endedAt ?? Number.NEGATIVE_INFINITY;
    if (tries.length < recovery.tries) return msSince(last, at) >= recovery.pauseMs ? 'recover' : 'wait';
    // The last try has its time to help.
    if (msSince(last, at) >= recovery.pauseMs) return 'escalate';
  }
  return msSince(incident.detectedAt, at) >= escalateAfterMs ? 'escalate' : 'wait';
}

/** What lies in the future was written before a clock was set back. Nobody knows how long ago that was: nothing is put off for it. */
function msSince(moment: number, at: number): number {
  return at >= moment ? at - moment : Number.POSITIVE_INFINITY;
}

function recovered(open: Incident, at: number): Incident {
  const actions = open.actions.map((record) =>
    record.endedAt === undefined
      ? { ...record, endedAt: Math.max(at, record.startedAt), outcome: 'done' as const }
      : record,
  );
  const by = open.escalatedAt === undefined ? (actions.at(-1)?.action ?? 'itself') : 'person';
  return { ...open, actions, recoveredAt: Math.max(at, open.detectedAt), recoveredBy: open.recoveredBy ?? by };
}

export interface HealthFigures {
  /** From the last healthy look to the finding, mean, in milliseconds. */
  detectionMs: number;
  /** From the finding to the recovery, mean, in milliseconds. */
  recoveryMs: number;
  /** Share of the ended incidents for which nobody had to be called, 0 to 1. */
  selfRecovered: number;
  ended: number;
  open: Record<Severity, number>;
  /** Open ones for which a person was called, and those of them that no person has acknowledged. */
  escalated: number;
  unacknowledged: number;
}

/** MTTD, MTTR and how much healed itself, of incidents of both kinds. Of none the means are 0, and everything healed itself. */
export function healthFigures(incidents: readonly Incident[]): HealthFigures {
  const ended = incidents.filter(({ recoveredAt }) => recoveredAt !== undefined);
  const open = incidents.filter(({ recoveredAt }) => recoveredAt === undefined);
  const ofSeverity = (wanted: Severity): number => open.filter(({ severity }) => severity === wanted).length;
  const escalated = open.filter(({ escalatedAt }) => escalatedAt !== undefined);
  const mean = (values: number[]): number =>
    values.length === 0 ? 0 : values.reduce((total, value) => total + value, 0) / values.length;
  return {
    detectionMs: mean(incidents.map(({ beganAt, detectedAt }) => detectedAt - beganAt)),
    recoveryMs: mean(ended.map(({ detectedAt, recoveredAt = detectedAt }) => recoveredAt - detectedAt)),
    selfRecovered:
      ended.length === 0 ? 1 : ended.filter(({ recoveredBy }) => recoveredBy !== 'person').length / ended.length,
    ended: ended.length,
    open: { warning: ofSeverity('warning'), critical: ofSeverity('critical') },
    escalated: escalated.length,
    unacknowledged: escalated.filter(({ acknowledged }) => acknowledged === undefined).length,
  };
}
