import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Journal } from '../../../stores/journal/port.ts';
import { needed } from '../degraded.ts';
import { ApiProblem, problemFor } from '../problems.ts';
import type { ApiTools } from '../tools.ts';
import type { Caller } from '../who/caller.ts';

/** Of a write that is to be carried out. */
export interface Act {
  caller: Caller;
  /** Names it to what is idempotent by itself. */
  requestId: string;
  /** When it was first taken: UTC epoch milliseconds. */
  at: number;
}

/** What of a request and of its answer it is about. */
interface Asked {
  caller: Caller | undefined;
  headers: IncomingHttpHeaders;
  method: string;
  url: string;
  body?: unknown;
}
interface Answering {
  statusCode: number;
  header(name: string, value: string): unknown;
}

type Work<T> = (act: Act) => Promise<T>;

/** Under way in this process, by person and key: who asks the same meanwhile gets the same answer. */
const underWay = new Map<string, Promise<unknown>>();

/**
 * Carries a write out once for each Idempotency-Key of a person, whatever is killed: what was answered is answered again, and what was cut off is carried
 * out by the request id that it had. What failed for what is away is forgotten, so that the same key may be tried again.
 */
export async function once<T>(
  tools: ApiTools,
  request: Asked,
  reply: Answering,
  { reason, work }: { reason: string; work: Work<T> },
): Promise<T> {
  const { caller } = request;
  if (!caller) throw new Error('a write was asked for by nobody');
  const key = String(request.headers['idempotency-key']);
  const place = `${caller.person} ${key}`;
  const before = underWay.get(place);
  if (before) await before.catch(() => undefined);
  const acting = act();
  underWay.set(place, acting);
  try {
    return await acting;
  } finally {
    if (underWay.get(place) === acting) underWay.delete(place);
  }

  async function act(): Promise<T> {
    if (!caller) throw new Error('a write was asked for by nobody');
    const { person, via } = caller;
    const route = `${request.method} ${request.url.split('?')[0]}`;
    const { body } = request;
    const digest = createHash('sha256')
      .update(JSON.stringify([route, body]))
      .digest('hex');
    const books = await needed('journal', tools, tools.journal);
    const asked = { route, body, reason, via };
    const taken = await needed('journal', tools, () => books.apiRequests.take({ person, key, digest, asked }));
    if (taken.state === 'other') {
      const words = 'This Idempotency-Key was used for another request: take a new one.';
      throw new ApiProblem(422, 'IdempotencyKeyReused', words);
    }
    if (taken.state === 'answered') {
      reply.header('idempotency-replayed', 'true');
      if (taken.status >= 400) throw problemIn(taken.status, taken.answer);
      return JSON.parse(taken.answer) as T;
    }
    const { requestId, at } = taken;
    try {
      const answer = await work({ caller, requestId, at });
      await keep(books, { person, key }, { status: reply.statusCode, answer: JSON.stringify(answer) });
      return answer;
    } catch (error) {
      const problem = problemFor(error);
      if (problem && problem.status < 500) {
        const { status, code, message } = problem;
        await keep(books, { person, key }, { status, answer: JSON.stringify({ code, message }) });
      }
      throw error;
    }
  }

  /** What cannot be kept was carried out all the same; asked again, it is by the same request id. */
  async function keep(
    { apiRequests }: Journal,
    of: { person: string; key: string },
    answered: { status: number; answer: string },
  ): Promise<void> {
    await apiRequests.answer(of, answered).catch((error: unknown) => {
      tools.logger.warn({ err: error, key }, 'an answer could not be kept');
    });
  }
}

function problemIn(status: number, answer: string): ApiProblem {
  const { code, message } = JSON.parse(answer) as { code: string; message: string };
  return new ApiProblem(status, code, message);
}
