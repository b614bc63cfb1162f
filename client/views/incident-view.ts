import { oneLine } from '../../contracts/text.ts';
import type { HealthFigures, Incident } from '../../domain/health/health.ts';
import { pageUrl } from '../../runtime/configuration/project-url.ts';
import { runbookFor } from '../../trading/health/runbooks.ts';

const seconds = (ms: number): string =>
  ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`;

/** Address of the page that says what to do, where alerts lead, too. */
export function runbookUrl(incident: Pick<Incident, 'component' | 'code'>): string {
  return pageUrl(`deploy/runbooks/${runbookFor(incident)}.md`);
}

/** Of each page once which open incidents lead there. */
export function runbookLines(incidents: readonly Incident[]): string[] {
  const open = incidents.filter(({ recoveredAt }) => recoveredAt === undefined);
  return [...Map.groupBy(open, runbookUrl)].map(
    ([url, those]) => `${[...new Set(those.map(({ component }) => component))].join(', ')}: ${url}`,
  );
}

export function lasted({ detectedAt, recoveredAt }: Incident): string {
  return recoveredAt === undefined ? 'lasts' : seconds(recoveredAt - detectedAt);
}

/** MTTD, MTTR and how much healed itself, in a line. */
export function figuresLine({ detectionMs, recoveryMs, selfRecovered, ended, open, escalated }: HealthFigures): string {
  const total = open.warning + open.critical;
  const past =
    ended === 0
      ? 'none has ended'
      : `MTTD ${seconds(detectionMs)}, MTTR ${seconds(recoveryMs)}, ${Math.round(selfRecovered * 100)} % of ${ended} recovered without a person`;
  return `${total} open, ${escalated} of them need a person; ${past}`;
}

export interface TimelineEntry {
  at: number;
  what: string;
}

/** What happened, in its order. */
export function timeline(incident: Incident): TimelineEntry[] {
  const { beganAt, detectedAt, detectedBy, detail, actions, escalatedAt, acknowledged, recoveredAt, recoveredBy } =
    incident;
  const entries: TimelineEntry[] = [
    ...(beganAt < detectedAt ? [{ at: beganAt, what: 'it was well for the last time' }] : []),
    { at: detectedAt, what: `found by ${detectedBy}: ${detail}` },
    ...actions.flatMap(({ action, startedAt, endedAt, outcome, detail: words }) => [
      { at: startedAt, what: `${action} was begun` },
      ...(endedAt === undefined
        ? []
        : [{ at: endedAt, what: `${action} ${outcome ?? 'ended'}${words ? `: ${words}` : ''}` }]),
    ]),
    ...(escalatedAt === undefined
      ? []
      : [{ at: escalatedAt, what: 'a person was called: what could be tried did not help' }]),
    ...(acknowledged ? [{ at: acknowledged.at, what: `${acknowledged.by} looks into it` }] : []),
    ...(recoveredAt === undefined ? [] : [{ at: recoveredAt, what: `well again (${recoveredBy})` }]),
  ];
  return entries.sort((one, other) => one.at - other.at);
}

/** For those who only want to know whether it concerns them. */
export function stakeholderMessage(incident: Incident): string {
  const { component, code, severity, detectedAt, recoveredAt, escalatedAt } = incident;
  const at = new Date(detectedAt).toISOString();
  const state =
    recoveredAt !== undefined
      ? `It is over since ${new Date(recoveredAt).toISOString()}, after ${seconds(recoveredAt - detectedAt)}.`
      : escalatedAt === undefined
        ? 'The system is trying to mend it by itself.'
        : 'The system could not mend it by itself; a person was called.';
  return `${severity === 'critical' ? 'Incident' : 'Disturbance'} of ${component} (${code}), found at ${at}. ${state} Orders are sent at most once whatever fails, and what is held keeps its protective exits.`;
}

/** What is known is filled in; what only people can say is asked. A detail stays in its line, whatever it holds. */
export function postMortem(incident: Incident): string {
  const { incidentId, component, code, severity, detail, beganAt, detectedAt, recoveredAt, recoveredBy, actions } =
    incident;
  const list = (lines: string[]): string[] => (lines.length > 0 ? lines.map((line) => `- ${line}`) : ['- none']);
  return [
    `# ${incidentId}`,
    '',
    `**What**: ${component}, ${code}, ${severity}. ${detail}`,
    `**Detection**: by ${incident.detectedBy}, at most ${seconds(detectedAt - beganAt)} after it began`,
    `**Recovery**: ${recoveredAt === undefined ? 'not yet' : `${seconds(recoveredAt - detectedAt)} after the detection, by ${recoveredBy}`}`,
    '',
    '## Timeline',
    ...list(timeline(incident).map(({ at, what }) => `${new Date(at).toISOString()} ${what}`)),
    '',
    '## Tried',
    ...list(
      actions.map(
        ({ action, outcome, detail: words }) => `${action}: ${outcome ?? 'under way'}${words ? ` (${words})` : ''}`,
      ),
    ),
    '',
    `Runbook: ${runbookUrl(incident)}`,
    '',
    '## To be answered',
    '- Which orders, fills or signals did it touch? (./sapphire report incidents, ./sapphire cycle list)',
    '- What was the cause behind the cause?',
    '- What finds it sooner, or mends it without us, the next time?',
  ]
    .map(oneLine)
    .join('\n');
}
