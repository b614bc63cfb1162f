import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

const digest = (text: string) => createHash('sha256').update(text).digest();

/**
 * Lets requests through that carry `Authorization: Bearer <token>`, and answers the others with 401 and a challenge (RFC 6750 §3). Digests
 * of equal length are compared in constant time, so that neither content nor length of the token shows in the time taken.
 *
 * @returns whether the request may go on; when not, it has been answered
 */
export function bearerAuthentication(token: string): (request: IncomingMessage, response: ServerResponse) => boolean {
  const expected = digest(token);
  return (request, response) => {
    const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return true;
    const [error, description] =
      given === undefined
        ? ['', 'This endpoint needs the header Authorization: Bearer <token>']
        : [', error="invalid_token"', 'The bearer token is not the coordinator’s'];
    response.writeHead(401, {
      'content-type': 'application/json',
      'www-authenticate': `Bearer realm="sapphire-coordinator"${error}`,
      connection: 'close',
    });
    response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32_001, message: description }, id: null }));
    return false;
  };
}
