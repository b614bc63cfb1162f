import { linesOf, table } from '../../client/cli/table.ts';
import { figuresLine } from '../../client/views/incident-view.ts';
import type { HealthFigures } from '../../domain/health/health.ts';
import { invariants, type Violation } from '../chaos/invariants.ts';
import type { Fault } from './faults/fault.ts';
import type { Verdict } from './judge.ts';
import type { Receiver } from './receiver.ts';
import { detectionMs, goals, missedBy, namedInFull, recoveryMs, type Told, toldOf } from './verdicts.ts';

export interface Row extends Verdict {
  told: Told;
  /** Which goals it fell short of, in words. */
  missed: string[];
}

export interface Report {
  rows: Row[];
  /** Of faults that were to be lived through. */
  wanted: number;
  kinds: number;
  held: number;
  mttdMs: number;
  mttrMs: number;
  /** In the whole run, those before the first fault among them. */
  falsePages: string[];
  violations: Violation[];
  histories: number;
  own: HealthFigures;
  heartbeats: number;
  reached: boolean;
}

export const seconds = (ms: number | undefined): string =>
  ms === undefined || Number.isNaN(ms) ? '-' : `${(ms / 1_000).toFixed(1)} s`;

interface Run {
  violations: Violation[];
  histories: number;
  own: HealthFigures;
  receiver: Pick<Receiver, 'notices' | 'heartbeats'>;
  startedAt: number;
  endedAt: number;
}

/** @param lived in the order in which they were injected, with what broke by each: undefined where that could not be compared */
export function summary(
  wanted: readonly Fault[],
  lived: readonly { fault: Fault; verdict: Verdict; broken: readonly string[] | undefined }[],
  { violations, histories, own, receiver, startedAt, endedAt }: Run,
): Report {
  const rows = lived.map(({ fault, verdict, broken }, place): Row => {
    const { begunAt: from, injectedAt } = verdict;
    const window = { from, injectedAt, to: lived[place + 1]?.verdict.begunAt ?? endedAt };
    const told = toldOf(fault, lived[place - 1]?.fault, window, receiver);
    return { ...verdict, told, missed: missedBy(fault, verdict, told, broken) };
  });
  const first = rows[0]?.begunAt ?? endedAt;
  const early = receiver.notices.filter(
    ({ at, status, receiver: name }) => status === 'firing' && name !== 'team' && at >= startedAt && at < first,
  );
  const falsePages = [...early.map(namedInFull), ...rows.flatMap(({ told }) => told.falsePages)];
  const held = rows.filter(({ missed }) => missed.length === 0).length;
  const isMet = held >= goals.share * wanted.length;
  return {
    rows,
    wanted: wanted.length,
    kinds: new Set(wanted.map(({ kind }) => kind)).size,
    held,
    mttdMs: mean(rows.flatMap((row) => detectionMs(row) ?? [])),
    mttrMs: mean(rows.flatMap((row) => recoveryMs(row) ?? [])),
    falsePages,
    violations,
    histories,
    own,
    heartbeats: receiver.heartbeats.length,
    reached: isMet && falsePages.length === 0 && violations.length === 0 && receiver.heartbeats.length > 0,
  };
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : values.reduce((total, value) => total + value, 0) / values.length;

export function describe(report: Report): string {
  const rows = report.rows.map((row, place) => [
    String(place + 1),
    row.id,
    row.refused === undefined ? seconds(detectionMs(row)) : 'not injected',
    row.detectedBy ?? row.refused ?? 'nobody',
    row.statusSaysSo === undefined ? '-' : row.statusSaysSo ? 'yes' : 'no',
    row.told.receivers.map(({ name, afterMs }) => `${name} ${seconds(afterMs)}`).join(', ') || 'nobody',
    seconds(recoveryMs(row)),
    row.recoveredBy.join(', '),
    row.missed.slice(0, 4).join('; ') || 'held',
  ]);
  const broken = Object.entries(invariants).map(([name, words]) => {
    const found = report.violations.filter(({ invariant }) => invariant === name);
    return [`${name} ${words}: ${found.length} violations`, ...found.slice(0, 5).map(({ what }) => `  ${what}`)].join(
      '\n',
    );
  });
  return [
    ...linesOf(table(['', 'fault', 'found after', 'by', 'status', 'told', 'healed after', 'by', 'verdict'], rows)),
    '',
    `${report.held} of ${report.wanted} faults of ${report.kinds} kinds were held (${((100 * report.held) / report.wanted).toFixed(1)} %); MTTD ${seconds(report.mttdMs)} from the moment at which each held, MTTR ${seconds(report.mttrMs)} from its end`,
    `False pages: ${report.falsePages.join(', ') || 'none'}; ${report.heartbeats} heartbeats`,
    `The system's own figures: ${figuresLine(report.own)}`,
    `${report.histories} histories were replayed`,
    ...broken,
    '',
  ].join('\n');
}
