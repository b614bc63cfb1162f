/** What a person can do about it differs: a name, a firewall, a certificate. */
const words: Record<string, string> = {
  EAI_AGAIN: 'no name server answers',
  ENOTFOUND: 'its name is not known',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  ETIMEDOUT: 'nothing answers there',
  EHOSTUNREACH: 'no way leads there',
  ENETUNREACH: 'no way leads there',
  UND_ERR_CONNECT_TIMEOUT: 'nothing answers there',
  UND_ERR_SOCKET: 'the connection was cut',
};
const certificate = /CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_|SSL|TLS/;
/** Codes of Node, undici and OpenSSL; what else hangs on an error may quote what was sent. */
const codeShape = /^[A-Z][A-Z0-9_]{2,60}$/;
const MOST_CAUSES = 8;

/**
 * Why a request got no answer, e.g. `its name is not known: ENOTFOUND`. The one place where a failed connection is worded: `fetch` itself says
 * only that it failed, and hides why among its causes. Undefined where no cause has a code.
 */
export function connectionFault(error: unknown): string | undefined {
  const code = codeIn(error, MOST_CAUSES);
  if (code === undefined) return undefined;
  const said = words[code] ?? (certificate.test(code) ? 'its certificate is not accepted' : undefined);
  return said === undefined ? code : `${said}: ${code}`;
}

/** The innermost code says the most. Several addresses that were tried fail in one error of many. */
function codeIn(error: unknown, depth: number): string | undefined {
  if (!(error instanceof Error) || depth === 0) return undefined;
  const tried: unknown = 'errors' in error ? error.errors : undefined;
  const inner = [error.cause, ...(Array.isArray(tried) ? tried.slice(0, MOST_CAUSES) : [])];
  for (const each of inner) {
    const found = codeIn(each, depth - 1);
    if (found !== undefined) return found;
  }
  const own: unknown = 'code' in error ? error.code : undefined;
  return typeof own === 'string' && codeShape.test(own) ? own : undefined;
}
