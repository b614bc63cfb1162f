import { isIP, isIPv6 } from 'node:net';
import { z } from 'zod';

const NAME = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

/** An address or a name to listen on, as sockets take it: an IPv6 address without brackets and in its shortest form, as clients name it. */
export const hostText = z
  .string()
  .transform((text) => text.replace(/^\[(.*)\]$/, '$1'))
  .refine(isHost, 'must be an address or a name without scheme and port, e.g. 127.0.0.1, ::1 or 0.0.0.0')
  .transform((host) => (isIPv6(host) ? new URL(`http://[${host}]`).hostname.slice(1, -1) : host));

function isHost(host: string): boolean {
  // What is made of digits is an address or nothing; a zone (%eth0) cannot stand in a URL.
  if (isIP(host) !== 0) return !host.includes('%');
  return host.length <= 253 && NAME.test(host) && !/^[\d.]+$/.test(host);
}
