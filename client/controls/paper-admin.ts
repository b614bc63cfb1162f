import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { paperExchangeUrl } from '../../runtime/configuration/addresses.ts';
import type { Secrets } from '../../runtime/configuration/secrets.ts';

const TIMEOUT_MS = 10_000;

/**
 * Asks whether this machine may move money of the paper account, and changes nothing.
 *
 * @throws UserError PaperAdminElsewhere, PaperExchangeUnreachable
 */
export async function refuseWithoutPaperAdmin(
  configuration: Pick<Configuration, 'paperExchange'>,
  secrets: Pick<Secrets, 'paperAdminToken'>,
): Promise<void> {
  const { response, url } = await request(configuration, secrets, '/accounts');
  if (response.ok) return;
  const body: unknown = await response.json().catch(() => undefined);
  throw new UserError(
    'PaperAdminElsewhere',
    `The paper exchange at ${url} lets only its own machine move money of its accounts (${response.status}: ${JSON.stringify(body)}): give the command where it runs, on the first machine and with its data folder. Nothing was booked.`,
  );
}

/** Asks the paper exchange's admin endpoint, which only reads where nothing is sent; returns its answer, or refuses with its reason. */
export async function askPaperAdmin(
  configuration: Pick<Configuration, 'paperExchange'>,
  secrets: Pick<Secrets, 'paperAdminToken'>,
  path: '/accounts' | '/deposits' | '/withdrawals',
  asked?: unknown,
): Promise<unknown> {
  const { response } = await request(configuration, secrets, path, asked);
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body;
  throw new UserError('PaperAccountRefused', `The paper exchange refused the request: ${JSON.stringify(body)}`);
}

/** Reads where nothing is sent. */
async function request(
  configuration: Pick<Configuration, 'paperExchange'>,
  { paperAdminToken }: Pick<Secrets, 'paperAdminToken'>,
  path: string,
  sent?: unknown,
): Promise<{ response: Response; url: string }> {
  const url = paperExchangeUrl(configuration);
  const response = await fetch(`${url}/admin${path}`, {
    headers: { 'content-type': 'application/json', 'x-admin-token': paperAdminToken },
    ...(sent === undefined ? {} : { method: 'POST', body: JSON.stringify(sent) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => {
    throw new UserError(
      'PaperExchangeUnreachable',
      `The paper exchange does not answer at ${url}. Start it with "npm start".`,
    );
  });
  return { response, url };
}
