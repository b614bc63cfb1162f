import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../../../runtime/configuration/addresses.ts';

/** Name of the cookie that a login leaves. */
export const COOKIE = 'sapphire_web_ui';
/** Of a browser's life: a token that is made anew ends it as well. */
const SESSION_SECONDS = 30 * 86_400;

export interface AccessTerms {
  /** Beside those of loopback: what a browser may call this machine. */
  names: readonly string[];
  /** Asked for where there is one. */
  token?: string;
}

export interface AccessRequest {
  /** Path and query. */
  url: string;
  headers: Pick<IncomingHttpHeaders, 'host' | 'origin' | 'cookie'>;
}

export type Access =
  | { kind: 'pass' }
  | { kind: 'login'; location: string; cookie: string }
  | { kind: 'refuse'; status: 400 | 401 | 403; message: string };

/**
 * Who may use the Web UI, which itself asks nobody: a page whose name was pointed at this machine (DNS rebinding) comes under its own name, a
 * page elsewhere with its own origin, and with real money a token is asked for besides.
 */
export function accessTo({ url, headers }: AccessRequest, { names, token }: AccessTerms): Access {
  if (!url.startsWith('/')) return refuse(400, 'The path must begin with a slash.');
  if (!isOurs(headers.host, names)) {
    return refuse(403, 'This is no name of the Web UI: open it by the address that "npm start" shows.');
  }
  if (headers.origin !== undefined && !isOurs(hostOf(headers.origin), names)) {
    return refuse(403, 'Another page may not use the Web UI.');
  }
  if (token === undefined || isSame(cookieOf(headers.cookie), sessionOf(token))) return { kind: 'pass' };
  // Parsed below a name of our own: one in the path, as //elsewhere, must not become the place that the login leads to.
  const wanted = new URL(`http://web-ui${url}`);
  if (!isSame(wanted.searchParams.get('token') ?? undefined, token)) {
    return refuse(401, 'The Web UI asks for its token: open it once by the address that "npm start" shows.');
  }
  wanted.searchParams.delete('token');
  const cookie = `${COOKIE}=${sessionOf(token)}; Path=/; Max-Age=${SESSION_SECONDS}; HttpOnly; SameSite=Strict`;
  return { kind: 'login', location: `${wanted.pathname.replace(/^\/+/, '/')}${wanted.search}`, cookie };
}

/** What a cookie holds, so that none of the other servers of this machine, which see it too, learns the token. */
export function sessionOf(token: string): string {
  return createHash('sha256').update(`web-ui/${token}`).digest('hex');
}

function refuse(status: 400 | 401 | 403, message: string): Access {
  return { kind: 'refuse', status, message };
}

function isOurs(host: string | undefined, names: readonly string[]): boolean {
  const [, name = ''] = /^(\[[\da-f:]+\]|[^:]+)(?::\d+)?$/i.exec(host ?? '') ?? [];
  return isLoopback(name) || names.includes(name.toLowerCase());
}

function hostOf(origin: string): string | undefined {
  return /^https?:\/\/([^/]+)$/.exec(origin)?.[1];
}

function cookieOf(header: string | undefined): string | undefined {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim().split('='));
  return pairs.find(([name]) => name === COOKIE)?.[1];
}

/** In a time that tells nothing of how much of it is right. */
function isSame(given: string | undefined, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return given !== undefined && timingSafeEqual(digest(given), digest(wanted));
}
