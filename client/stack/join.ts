import type { Client } from '@temporalio/client';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { paperExchangeUrl } from '../../runtime/configuration/addresses.ts';
import { type KnownSecrets, type SecretName, secretVariables } from '../../runtime/configuration/secrets.ts';
import { currentBuild } from '../../runtime/deployment.ts';
import { isSamePlace, type Stack, type StackPlace, type StackTerms } from '../../stores/journal/books/stacks.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { describeStack } from './claim.ts';
import { usesOtherServer } from './connection.ts';
import { unlikeTerms } from './unlike-terms.ts';

const EXCHANGE_TIMEOUT_MS = 5_000;
const DOCS = 'docs/several-machines.md has the recipe';

/**
 * What a machine must be given that joins another: none of it is made here, since nobody else would know it.
 *
 * @throws UserError JoinNeedsPostgres, JoinNeedsTemporal, SecretsMissing
 */
export function refuseUnfitToJoin({ mode }: Pick<Configuration, 'mode'>, secrets: KnownSecrets): void {
  if (secrets.journalUrl === undefined) {
    throw new UserError(
      'JoinNeedsPostgres',
      `A file of SQLite serves one machine: "--join" needs the books that the first machine has in PostgreSQL, in ${secretVariables.journalUrl}. ${DOCS}.`,
    );
  }
  if (!usesOtherServer()) {
    throw new UserError(
      'JoinNeedsTemporal',
      `"--join" runs no Temporal: name the server of the first machine in TEMPORAL_ADDRESS. ${DOCS}.`,
    );
  }
  const needed: SecretName[] = [
    'guardSecret',
    'coordinatorToken',
    ...(mode === 'paper' ? (['paperApiKey', 'paperSecret'] as const) : (['exchangeApiKey', 'exchangeSecret'] as const)),
  ];
  refuseMissing(needed.filter((name) => secrets[name] === undefined));
}

function refuseMissing(names: readonly SecretName[]): void {
  if (names.length === 0) return;
  const variables = names.map((name) => secretVariables[name]).join(', ');
  throw new UserError(
    'SecretsMissing',
    `"--join" needs the first machine's ${variables}: its secrets.json has what was made there. Set them, or files that hold them in …_FILE; none is made here. ${DOCS}.`,
  );
}

/**
 * The stack that is joined: the first, or, where that is down, one that had joined it.
 *
 * @throws UserError NothingToJoin
 */
export async function stackToJoin(
  { stacks }: Pick<Journal, 'stacks'>,
  place: StackPlace,
): Promise<Stack & { terms: StackTerms }> {
  const running = (await stacks.list()).filter((stack) => !isSamePlace(stack, place) && stack.leftMs > 0);
  const found = running.find(({ kind }) => kind === 'first') ?? running[0];
  if (found?.terms) return { ...found, terms: found.terms };
  throw new UserError(
    'NothingToJoin',
    found
      ? `The stack that is to be joined (${describeStack(found)}) is still starting: try again in some seconds.`
      : 'No stack runs these books, so that there is nothing to join: start one with "npm start", here or elsewhere.',
  );
}

/**
 * Two machines that trade on the same books have to do the same.
 *
 * @throws UserError OtherNamespace, OtherInstallation, SecretsMissing, ConfigurationDiffers, BuildDiffers
 */
export function refuseOtherTerms(here: StackTerms, stack: Stack & { terms: StackTerms }): void {
  const { terms: there } = stack;
  const where = describeStack(stack);
  if (here.namespace !== there.namespace) {
    throw new UserError(
      'OtherNamespace',
      `TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE name another Temporal than the one that ${where} works with: name that one.`,
    );
  }
  if (there.payloadCheck !== '' && here.payloadCheck === '') refuseMissing(['payloadKeys']);
  const unlike = unlikeTerms(here, there, where);
  if (unlike) {
    const remedy =
      unlike.code === 'OtherInstallation'
        ? ': give this machine those of that one.'
        : '. Make them the same: what may differ stands in docs/several-machines.md.';
    throw new UserError(unlike.code, `${unlike.what}${remedy}`);
  }
  if (here.build !== there.build) {
    throw new UserError(
      'BuildDiffers',
      `The sources here are of build ${here.build}, those at ${where} of ${there.build}: bring both to the same release. "--join" never takes up another one.`,
    );
  }
}

/**
 * On paper the exchange is the first's as well.
 *
 * @throws UserError ExchangeUnreachable
 */
export async function refuseSilentExchange(
  configuration: Pick<Configuration, 'mode' | 'paperExchange'>,
): Promise<void> {
  if (configuration.mode !== 'paper') return;
  const url = paperExchangeUrl(configuration);
  try {
    const { ok, status } = await fetch(`${url}/api/v3/time`, { signal: AbortSignal.timeout(EXCHANGE_TIMEOUT_MS) });
    if (!ok) throw new Error(`it answers with ${status}`);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new UserError(
      'ExchangeUnreachable',
      `The paper exchange of the first machine does not answer at ${url} (${cause}): name its address in paperExchange.host and paperExchange.port, here and there; it listens on the address that stands there alone.`,
    );
  }
}

/**
 * Which version the workers are of. It is the first's affair, and never changed here.
 *
 * @returns whether the server keeps the versions of workers apart
 * @throws UserError BuildDiffers
 */
export async function joinVersion(client: Client, buildId: string): Promise<boolean> {
  const current = await currentBuild(client);
  if (current === undefined) return false;
  if (current === buildId) return true;
  throw new UserError(
    'BuildDiffers',
    `The sources here are of build ${buildId}, and work goes to build ${current}: bring this machine to that release.`,
  );
}
