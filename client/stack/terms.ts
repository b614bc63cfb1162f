import type { Configuration } from '../../contracts/config/schema.ts';
import { knownSecrets } from '../../runtime/configuration/secrets.ts';
import type { TemporalAccess } from '../../runtime/configuration/temporal.ts';
import { connectClient } from '../../runtime/temporal.ts';
import type { Stack, StackTerms } from '../../stores/journal/books/stacks.ts';
import type { BooksClaim } from './claim.ts';
import { joinVersion, refuseOtherTerms } from './join.ts';
import { rollOutBy } from './rollout.ts';
import { sharedConfiguration } from './shared-configuration.ts';
import { checksOf } from './stack-place.ts';

const CONNECT_TIMEOUT_MS = 10_000;

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
}: {
  configuration: Configuration;
  temporal: TemporalAccess;
  books: BooksClaim;
  joins: (Stack & { terms: StackTerms }) | undefined;
  buildId: string;
  onProgress: (message: string) => void;
}): Promise<boolean> {
  const secrets = knownSecrets();
  const client = await connectClient(temporal, secrets, CONNECT_TIMEOUT_MS);
  try {
    const { namespaceInfo } = await client.workflowService.describeNamespace({ namespace: temporal.namespace });
    const terms: StackTerms = {
      namespace: namespaceInfo?.id || temporal.namespace,
      build: buildId,
      configuration: sharedConfiguration(configuration),
      ...checksOf(secrets),
    };
    if (joins) refuseOtherTerms(terms, joins);
    const isVersioned = joins ? await joinVersion(client, buildId) : undefined;
    await books.agree(terms);
    return isVersioned ?? (await rollOutBy(client, buildId, onProgress));
  } finally {
    await client.connection.close();
  }
}
