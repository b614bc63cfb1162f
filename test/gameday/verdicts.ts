import type { Fault } from './faults/fault.ts';
import type { Verdict } from './judge.ts';
import { missedHeartbeats, type Notice } from './receiver.ts';

export const goals = { detectionMs: 60_000, recoveryMs: 120_000, share: 0.95 } as const;

/** What was said to people from one fault's beginning to the next one's. */
export interface Told {
  /** The first time that each receiver heard of it, in milliseconds from the injection; `heartbeat missing` is what a switch outside says. */
  receivers: { name: string; alert: string; afterMs: number }[];
  /** Pages of what was not so. */
  falsePages: string[];
}

/** Whatever the faults before it used up of a budget is true, and so is that nothing healed for long. */
const ofTheRun = /^TradingBudgetBurn|^TradingIncident(Escalated|Unacknowledged)$/;
const pagers = new Set(['page', 'escalation']);

/**
 * @param window from its beginning to the next one's or the end of the run
 * @param before the fault before it, of which a late page may still be
 */
export function toldOf(
  fault: Fault,
  before: Fault | undefined,
  window: { from: number; injectedAt: number; to: number },
  heard: { notices: readonly Notice[]; heartbeats: readonly number[] },
): Told {
  const inTime = heard.notices.filter(({ at, status }) => status === 'firing' && at >= window.from && at < window.to);
  const isOf = (name: string, of: Fault): boolean => of.tells.test(name) || (of.pages?.test(name) ?? false);
  const isPageOf = (name: string, of: Fault): boolean => !of.wakesNobody && isOf(name, of);
  const isTrue = (name: string): boolean =>
    ofTheRun.test(name) || isPageOf(name, fault) || (before !== undefined && isPageOf(name, before));
  const { injectedAt } = window;
  const own = inTime.filter(({ at, alert }) => at >= injectedAt && isOf(alert, fault));
  const names = [...new Set(own.map(({ receiver }) => receiver))];
  const [missed] = missedHeartbeats(heard.heartbeats, injectedAt, window.to);
  return {
    receivers: [
      ...names.flatMap((name) => {
        const first = own.find(({ receiver }) => receiver === name);
        return first ? [{ name, alert: first.alert, afterMs: first.at - injectedAt }] : [];
      }),
      ...(missed === undefined ? [] : [{ name: 'heartbeat missing', alert: 'Watchdog', afterMs: missed - injectedAt }]),
    ],
    falsePages: [
      ...new Set(inTime.filter(({ receiver, alert }) => pagers.has(receiver) && !isTrue(alert)).map(namedInFull)),
    ],
  };
}

export const namedInFull = ({ alert, of }: Notice): string => (of === undefined ? alert : `${alert} of ${of}`);

/** In milliseconds from the moment at which it held. */
export function detectionMs({ detectedAfterMs, holdsAfterMs }: Verdict): number | undefined {
  return detectedAfterMs === undefined ? undefined : Math.max(0, detectedAfterMs - holdsAfterMs);
}

/** In milliseconds from the end of what ends by itself; of anything else from the moment at which it held. */
export function recoveryMs({ recoveredAfterMs, holdsAfterMs, lastedMs }: Verdict): number | undefined {
  return recoveredAfterMs === undefined ? undefined : Math.max(0, recoveredAfterMs - Math.max(holdsAfterMs, lastedMs));
}

/** Which goals it fell short of, in words; none where it was held. */
export function missedBy(fault: Fault, verdict: Verdict, told: Told, broken: readonly string[] | undefined): string[] {
  if (verdict.refused !== undefined) return ['not injected'];
  const found = detectionMs(verdict);
  const well = recoveryMs(verdict);
  const calls = new Set(told.receivers.map(({ name }) => name));
  const isCalled = fault.calls === undefined || calls.has('page') || (fault.calls === 'team' && calls.has('team'));
  return [
    ...(fault.isNone ? (found === undefined ? [] : [`taken for a fault by ${verdict.detectedBy}`]) : []),
    ...(fault.isNone || found !== undefined ? [] : ['found by nobody']),
    ...(!fault.isNone && found !== undefined && found >= goals.detectionMs ? ['found late'] : []),
    ...(fault.cause === undefined || fault.cause.test(verdict.detail) ? [] : ['its cause is not said']),
    ...(isCalled ? [] : [`${fault.calls} was not called`]),
    ...(well === undefined ? ['not healed'] : well >= goals.recoveryMs ? ['healed late'] : []),
    ...(verdict.recoveredBy.includes('person') ? ['a person was needed'] : []),
    ...(verdict.harm === undefined ? [] : [verdict.harm]),
    ...told.falsePages.map((name) => `false page ${name}`),
    ...(broken === undefined ? ['not compared'] : broken),
  ];
}
