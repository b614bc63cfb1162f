import { setTimeout as sleep } from 'node:timers/promises';
import type { UserError } from '../../contracts/errors.ts';
import type { BookedPosition } from '../../domain/portfolio/portfolio.ts';
import { withoutLineEnds } from '../../runtime/configuration/environment.ts';
import { pageUrl } from '../../runtime/configuration/project-url.ts';
import { sentenceOf } from '../controls/words.ts';
import { observerAuthorization } from './observer-access.ts';
import { calleesOf, WEBHOOK_VARIABLE } from './receivers.ts';
import { within } from './within.ts';

/** Of all of it: what ends cannot wait for long, and must not for ever. */
export const LAST_WORD_MS = 5_000;
const BOOKS_MS = 1_000;
/** What Alertmanager takes to tell its receivers, at a group_wait of nothing: it is stopped after that. */
const DELIVERY_MS = 3_000;

const STOPPED_ALERT = 'TradingStopped';
/** As of client/bootstrap.mjs. */
const NO_WEBHOOK = `${WEBHOOK_VARIABLE} is not set, and any other receiver is told by Alertmanager alone.`;

interface Alert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
}

/** What is held while nothing watches over it, in one sentence. Never rejects, and never takes long. */
export async function heldSentence(positions: () => Promise<readonly BookedPosition[]>): Promise<string> {
  try {
    let booked: readonly BookedPosition[] | undefined;
    await within(
      BOOKS_MS,
      positions().then((found) => (booked = found)),
    );
    if (!booked) throw new Error(`the books did not answer within ${BOOKS_MS / 1_000} s`);
    const held = booked.filter(({ openedAt }) => openedAt > 0);
    if (held.length === 0) return 'No position is held.';
    const list = held.map(({ symbol, quantity }) => `${quantity} ${symbol.split('/')[0]}`).join(', ');
    return `Held meanwhile: ${list}; their protective exits sleep until the next start.`;
  } catch (error) {
    return `What is held is not known, and its protective exits sleep until the next start: ${sentenceOf(error)}`;
  }
}

/**
 * Calls a person while that can be done: everything ends, and with it whoever watches. By Alertmanager, where it runs and takes it, and else straight
 * to the webhook's `/page`, in Alertmanager's own words.
 *
 * @param alertmanager its address, where one was started
 * @returns who was told, for a person
 */
export async function sayLastWord(
  { message }: UserError,
  held: string,
  alertmanager: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const alert: Alert = {
    labels: { alertname: STOPPED_ALERT, severity: 'critical' },
    annotations: {
      summary: 'Everything was stopped, and nothing is traded or protected.',
      description: `${message} ${held}`,
      runbook_url: pageUrl('docs/operation.md#when-everything-was-stopped', environment),
    },
    startsAt: new Date().toISOString(),
  };
  const faults: string[] = [];
  if (alertmanager !== undefined) {
    try {
      await post(`${alertmanager}/api/v2/alerts`, [alert], { authorization: observerAuthorization() });
      await sleep(DELIVERY_MS);
      const { by = [] } = calleesOf(environment).find(({ receiver }) => receiver === 'page') ?? {};
      if (by.length > 0) return `Alertmanager was told to page by ${by.join(', ')}.`;
      faults.push('Alertmanager was told, and has nobody to page.');
    } catch (error) {
      faults.push(`Alertmanager was not told: ${sentenceOf(error)}`);
    }
  }
  const base = withoutLineEnds(environment[WEBHOOK_VARIABLE] ?? '').replace(/\/$/, '');
  if (base === '') return [...faults, `Nobody was paged: ${NO_WEBHOOK}`].join(' ');
  try {
    await post(`${base}/page`, pageOf(alert), {});
    return [...faults, 'The webhook was told to page.'].join(' ');
  } catch (error) {
    return [...faults, `Nobody was paged, the webhook was not reached: ${sentenceOf(error)}`].join(' ');
  }
}

/** As Alertmanager sends it: a receiver needs to know one kind of message. */
function pageOf({ labels, annotations, startsAt }: Alert): unknown {
  const alerts = [{ status: 'firing', labels, annotations, startsAt }];
  return {
    version: '4',
    receiver: 'page',
    status: 'firing',
    groupLabels: labels,
    commonLabels: labels,
    commonAnnotations: annotations,
    alerts,
  };
}

async function post(url: string, body: unknown, headers: Record<string, string>): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(LAST_WORD_MS - DELIVERY_MS),
  });
  if (!response.ok) throw new Error(`${new URL(url).host} answers ${response.status}`);
}
