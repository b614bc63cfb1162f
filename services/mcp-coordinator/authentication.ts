import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AgentId } from '../../domain/signals/agents.ts';

/** Who calls: the operators and the cycle by the coordinator's own token, a guest by the token that it was invited with. */
export type Caller = { role: 'operator' } | { role: 'agent'; agentId: AgentId };

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Under which a token is kept in the books. */
export const tokenHash = (token: string): string => digest(token).toString('hex');

/**
 * Says whose `Authorization: Bearer <token>` it is, and answers everybody else with 401 and a challenge (RFC 6750 §3). Digests of equal length
 * are compared in constant time, so that neither content nor length of the token shows in the time taken.
 *
 * @returns undefined when the request was answered
 */
export function bearerAuthentication(
  operatorToken: string,
  guestByToken: (hash: string) => Promise<AgentId | undefined>,
): (request: IncomingMessage, response: ServerResponse) => Promise<Caller | undefined> {
  const expected = digest(operatorToken);
  return async (request, response) => {
    const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return { role: 'operator' };
    const agentId = given === undefined ? undefined : await guestByToken(tokenHash(given));
    if (agentId !== undefined) return { role: 'agent', agentId };
    challenge(response, given !== undefined);
    return undefined;
  };
}

function challenge(response: ServerResponse, tokenGiven: boolean): void {
  const [error, description] = tokenGiven
    ? [', error="invalid_token"', 'The bearer token is neither the coordinator’s nor that of an invited agent']
    : ['', 'This endpoint needs the header Authorization: Bearer <token>'];
  response.writeHead(401, {
    'content-type': 'application/json',
    'www-authenticate': `Bearer realm="sapphire-coordinator"${error}`,
    connection: 'close',
  });
  response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32_001, message: description }, id: null }));
}
