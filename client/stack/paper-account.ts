import { z } from 'zod';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { loadSecrets, storeSecrets } from '../../runtime/configuration/secrets.ts';

const TIMEOUT_MS = 10_000;
const answerSchema = z.object({ apiKey: z.string().min(1), secret: z.string().min(1), created: z.boolean() });

/** Makes the paper account where there is none and keeps its key with the secrets. Its opening deposit in the books is the workers' business. */
export async function ensurePaperAccount(exchangeUrl: string, configuration: Configuration): Promise<void> {
  const { account, currency, paperBalance } = configuration;
  const secrets = loadSecrets();
  const response = await fetch(`${exchangeUrl}/admin/accounts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-admin-token': secrets.paperAdminToken },
    body: JSON.stringify({ name: account, balances: { [currency]: paperBalance } }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new UserError(
      'PaperAccountRefused',
      `The paper exchange at ${exchangeUrl} refused the account ${account} (${response.status}: ${text.slice(0, 200)}); SAPPHIRE_PAPER_ADMIN_TOKEN, if set, must be the same for both.`,
    );
  }
  const { apiKey, secret } = answerSchema.parse(JSON.parse(text));
  if (secrets.paperApiKey === apiKey && secrets.paperSecret === secret) return;
  storeSecrets({ paperApiKey: apiKey, paperSecret: secret });
}
