import type { IncomingHttpHeaders } from 'node:http';

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const EVERY_INTERFACE = ['0.0.0.0', '::'];

export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Base of a server of ours, e.g. `http://[::1]:8081`. */
export function serverUrl({ host, port }: { host: string; port: number }): string {
  return `http://${urlHost(host)}:${port}`;
}

/** The names under which a server on `host` is asked, or undefined where it listens on every interface and cannot know them. */
export function namesOf(host: string): string[] | undefined {
  return EVERY_INTERFACE.includes(host) ? undefined : [...new Set([...LOOPBACK, urlHost(host).toLowerCase()])];
}

/** The names whose pages count as those of this machine. */
export const originNames = (host: string): string[] => namesOf(host) ?? LOOPBACK;

/** Whether a page of another site had a browser send this. A browser leaves the header out where it finds the address untrustworthy. */
export function isFromAnotherSite({ 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  return site !== undefined && site !== 'none';
}

/**
 * Why a request is a web page's and not a program's, or undefined. No page has business here, and a browser sends a page's simple requests
 * and WebSocket upgrades to any port of this machine without asking it; under a name of the page's own (DNS rebinding) it even shows the
 * answers, so that the name has to be one of ours.
 */
export function whyForeign(headers: IncomingHttpHeaders, host: string): string | undefined {
  if (headers.origin !== undefined) {
    return 'it has an Origin header, as web pages send: ask from a program that is no browser';
  }
  if (isFromAnotherSite(headers)) {
    return 'its Sec-Fetch-Site header says that a web page sent it: ask from a program that is no browser';
  }
  const names = namesOf(host);
  const name = headers.host?.replace(/:\d*$/, '').toLowerCase();
  if (names === undefined || (name !== undefined && names.includes(name))) return undefined;
  return `its Host header is none of ${names.join(', ')}: ask by one of these names`;
}
