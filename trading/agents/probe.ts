import { boundedFetch } from './bounded-fetch.ts';

/** A question of health to an endpoint: quick, or the answer is no. */
const PROBE_TIMEOUT_MS = 2_000;

/** The JSON that `path` under the base URL answers with, or undefined when it does not answer 2xx with JSON of at most MAX_ANSWER_BYTES in time. */
export async function probe(baseUrl: string, path: string, signal: AbortSignal, bearer?: string): Promise<unknown> {
  try {
    const response = await boundedFetch(`${baseUrl.replace(/\/+$/, '')}${path}`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]),
      headers: { accept: 'application/json', ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }) },
      redirect: 'error',
    });
    if (response.ok) return await response.json();
    await response.body?.cancel();
    return undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** The endpoint's name for a person: without path, user or password. */
export function originOf(baseUrl: string): string {
  return new URL(baseUrl).origin;
}
