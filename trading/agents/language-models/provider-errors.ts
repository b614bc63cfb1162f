import { APIConnectionTimeoutError, APIError } from 'openai';
import { scrub } from '../../../runtime/telemetry/logger.ts';
import { AnswerTooLong } from '../bounded-fetch.ts';
import { connectionFault } from '../connection-failure.ts';
import { AgentUnavailable } from '../port.ts';
import { CompletionRefused } from './completion.ts';
import { printable } from './reply.ts';

/** Whose error it is. */
interface Whose {
  name: string;
  apiKey: string;
}

export function timedOut({ name }: Whose): CompletionRefused {
  return new CompletionRefused('timeout', `${name} did not answer in time (agents.${name}.timeoutSeconds).`);
}

export function notTheProtocol({ name }: Whose): CompletionRefused {
  return new CompletionRefused(
    'invalid_answer',
    `What answers for ${name} does not speak the OpenAI protocol: check agents.${name}.baseUrl and stream.`,
  );
}

/** What went wrong, in words for a person. */
export function translated(error: unknown, provider: Whose, model: string): Error {
  const { name } = provider;
  if (error instanceof CompletionRefused || error instanceof AgentUnavailable) return error;
  if (error instanceof APIConnectionTimeoutError) return timedOut(provider);
  if (error instanceof SyntaxError) return notTheProtocol(provider);
  if (error instanceof AnswerTooLong) {
    return new CompletionRefused('invalid_answer', `The answer of ${name} does not count: ${error.message}.`);
  }
  const status = error instanceof APIError && typeof error.status === 'number' ? error.status : undefined;
  if (!(error instanceof APIError) || status === undefined) {
    const fault = connectionFault(error);
    return new AgentUnavailable(`The connection to ${name} failed${fault === undefined ? '' : ` (${fault})`}.`);
  }
  if (status === 408 || status === 429 || status >= 500) {
    return new AgentUnavailable(`${name} is overloaded or broken for now (status ${status}).`, {
      retryAfterMs: retryAfterMs(error.headers),
      unbilled: true,
    });
  }
  return ofAccount(error, name) ?? ofStatus(error, status, provider, model);
}

/** Model Studio says by a code what its status does not: https://www.alibabacloud.com/help/en/model-studio/error-code. */
function ofAccount({ code, type }: APIError, name: string): CompletionRefused | undefined {
  const said = `${code ?? ''} ${type ?? ''}`;
  if (/FreeTierOnly/i.test(said)) {
    return new CompletionRefused(
      'budget_spent',
      `The free quota of ${name} at its provider is used up: add a payment there, and switch off "use free tier only".`,
      true,
    );
  }
  if (/Arrearage/i.test(said)) {
    return new CompletionRefused('budget_spent', `The account at ${name} is overdue: pay its bill there.`, true);
  }
  // Whether the words that came so far are billed is not said.
  if (/data_?inspection_?failed/i.test(said)) {
    return new CompletionRefused(
      'unavailable',
      `The content filter of ${name} refused the question or its answer (data_inspection_failed): another question may well pass, and no setting is wrong.`,
    );
  }
  return undefined;
}

function ofStatus(error: APIError, status: number, { name, apiKey }: Whose, model: string): CompletionRefused {
  // A provider's own words on a refused key quote parts of it, so they are not repeated.
  if (status === 401 || status === 403) {
    return new CompletionRefused(
      'no_key',
      `${name} refused the key (status ${status}): check its value and region.`,
      true,
    );
  }
  if (status === 402) {
    return new CompletionRefused('budget_spent', `The account at ${name} has no balance (status 402).`, true);
  }
  if (status === 404) {
    return new CompletionRefused('wrong_model', `${name} has no model ${model} at its address (status 404).`, true);
  }
  const words = printable(scrub(error.message, [apiKey])).slice(0, 160);
  return new CompletionRefused(
    'not_configured',
    `${name} refused the request: ${words} (what is sent: agents.${name}.dialect, thinking, stream, extraBody)`,
    true,
  );
}

/** `Retry-After` in seconds or as a date. */
function retryAfterMs(headers: Headers | undefined): number | undefined {
  const value = headers?.get('retry-after');
  if (!value) return undefined;
  const pause = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(pause) ? Math.max(0, pause) : undefined;
}
