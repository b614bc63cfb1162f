import type { IncomingHttpHeaders } from 'node:http';
import type { ApiConfiguration } from '../../contracts/config/api.ts';
import { namesOf } from '../../runtime/foreign-requests.ts';

/** The names under which the API is asked: this machine's, and those that somebody in front of it has. */
export function apiNames({ host, names }: Pick<ApiConfiguration, 'host' | 'names'>): string[] {
  return [...new Set([...(namesOf(host) ?? namesOf('127.0.0.1') ?? []), ...names.map((name) => name.toLowerCase())])];
}

/**
 * Why a request is refused before anything of it is looked at, or undefined. A name that is none of ours is a page's own (DNS rebinding), and a page of
 * another origin, another port of this machine among them, has no business here.
 */
export function whyForeignTo(names: readonly string[], headers: IncomingHttpHeaders): string | undefined {
  const { host = '', origin, 'sec-fetch-site': site } = headers;
  const name = host.replace(/:\d*$/, '').toLowerCase();
  if (!names.includes(name)) return `its Host header is none of ${names.join(', ')}: ask by one of these names`;
  if (origin !== undefined && !isOwnOrigin(origin, host)) {
    return 'its Origin header names a page of another place: ask from our own page, or from a program';
  }
  if (site !== undefined && site !== 'none' && site !== 'same-origin') {
    return 'its Sec-Fetch-Site header says that a page of another place sent it: ask from our own page, or from a program';
  }
  return undefined;
}

function isOwnOrigin(origin: string, host: string): boolean {
  return [`http://${host}`, `https://${host}`].includes(origin.toLowerCase()) && host === host.toLowerCase();
}
