import type { Configuration } from '../../contracts/config/schema.ts';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import { paperExchangeUrl } from '../../runtime/configuration/addresses.ts';
import type { Secrets } from '../../runtime/configuration/secrets.ts';

const TIMEOUT_MS = 10_000;

/** Asks the paper exchange's admin endpoint; returns its answer, or refuses with its reason. */
export async function askPaperAdmin(
  configuration: Pick<Configuration, 'paperExchange'>,
  { paperAdminToken }: Pick<Secrets, 'paperAdminToken'>,
  path: '/accounts' | '/deposits' | '/withdrawals',
  request: unknown,
): Promise<unknown> {
  const url = paperExchangeUrl(configuration);
  const response = await fetch(`${url}/admin${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-admin-token': paperAdminToken },
    body: JSON.stringify(request),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => {
    throw new UserError(
      'PaperExchangeUnreachable',
      `The paper exchange does not answer at ${url}. Start it with "npm start".`,
      ExitCode.unhealthy,
    );
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body;
  throw new UserError('PaperAccountRefused', `The paper exchange refused the request: ${JSON.stringify(body)}`);
}
