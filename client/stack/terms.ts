import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { knownSecrets } from '../../runtime/configuration/secrets.ts';
import type { TemporalAccess } from '../../runtime/configuration/temporal.ts';
import { connectClient } from '../../runtime/temporal.ts';
import type { Stack, StackTerms } from '../../stores/journal/books/stacks.ts';
import type { BooksClaim } from './claim.ts';
import { joinVersion, refuseOtherTerms } from './join.ts';
import { fromSlowServer, keepRollingOut, rollOutBy } from './rollout.ts';
import { sharedConfiguration } from './shared-configuration.ts';
import { checksOf } from './stack-place.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** So long a start with something at stake waits for what Temporal is too slow for. */
const RESUMES_WITHIN_MS = 20_000;

/**
 * Says in the books on what terms this stack runs, and sees to the version of its workers: the first makes its build the current one, and one that
 * joins has to be of it.
 *
 * @returns whether the server keeps the versions of workers apart
 * @throws UserError as refuseOtherTerms and `agree` do
 */
export async function settleTerms({
  configuration,
  temporal,
  books,
  joins,
  buildId,
  onProgress,
  resumes,
  ending,
}: {
  configuration: Configuration;
  temporal: TemporalAccess;
  books: BooksClaim;
  joins: (Stack & { terms: StackTerms }) | undefined;
  buildId: string;
  onProgress: (message: string) => void;
  /** Something is at stake: what Temporal is too slow for keeps nobody from starting. */
  resumes: boolean;
  /** Aborted when all is stopped. */
  ending: AbortSignal;
}): Promise<boolean> {
  const secrets = knownSecrets();
  const open = () => connectClient(temporal, secrets, CONNECT_TIMEOUT_MS);
  const client = await open();
  try {
    const { namespaceInfo } = await fromSlowServer(client, `describe the namespace ${temporal.namespace}`, () =>
      client.workflowService.describeNamespace({ namespace: temporal.namespace }),
    );
    const terms: StackTerms = {
      namespace: namespaceInfo?.id || temporal.namespace,
      build: buildId,
      configuration: sharedConfiguration(configuration),
      ...checksOf(secrets),
    };
    if (joins) refuseOtherTerms(terms, joins);
    const isVersioned = joins ? await joinVersion(client, buildId) : undefined;
    await books.agree(terms);
    return (
      isVersioned ??
      (await rollOutBy(client, buildId, onProgress, ...(resumes ? [RESUMES_WITHIN_MS] : [])).catch((error: unknown) => {
        if (!resumes || !(error instanceof UserError)) throw error;
        onProgress(`WARNING: ${error.message.replace(` ${error.remedy}`, '')} It is tried again and again.`);
        void keepRollingOut(open, buildId, { onProgress, signal: ending });
        return true;
      }))
    );
  } finally {
    await client.connection.close();
  }
}
