import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../contracts/errors.ts';
import { type Claim, claimVariable } from '../../runtime/configuration/claim.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import type { Stack, StackKind, StackPlace, StackTerms } from '../../stores/journal/books/stacks.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { keepClaim, LEASE_MS } from '../../trading/control/keep-claim.ts';
import { unlikeTerms } from './unlike-terms.ts';

const GIVE_BACK_MS = 5_000;

/** The books, as long as this process runs them. */
export interface BooksClaim {
  claim: Claim;
  /** For the workers, which hold them as well. */
  environment: Record<string, string>;
  /**
   * Says on what terms this stack runs, before its workers do anything. What may refuse a start comes before it: from here on a first that slept is
   * ended when it wakes.
   *
   * @throws UserError HeldElsewhere, OtherNamespace, OtherInstallation, ConfigurationDiffers, BooksTaken
   */
  agree(terms: StackTerms): Promise<void>;
  /** Takes what may run once on all machines. Undefined where the claim was lost. */
  takePart(part: string): Promise<Stack | undefined>;
  /** Since the last renewal that came through, by the monotonic clock. */
  silentMs(): number;
  /** Resolves once another claim has taken this one's place. */
  readonly lost: Promise<UserError>;
  /** After the last process has ended. */
  close(): Promise<void>;
}

/** For a person: which stack, and since when it runs. */
export function describeStack({ host, folder, startedAt }: Pick<Stack, 'host' | 'folder' | 'startedAt'>): string {
  return `${host}, ${folder}, since ${new Date(startedAt).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/**
 * Takes the books. The journal is closed with the claim.
 *
 * @throws UserError HeldElsewhere
 */
export async function claimBooks({
  journal,
  place,
  kind,
  severalMachines,
  logger,
  onProgress,
}: {
  journal: Pick<Journal, 'stacks' | 'close'>;
  place: StackPlace;
  kind: StackKind;
  /** Whether the books are where another machine gets to. */
  severalMachines: boolean;
  logger: Logger;
  onProgress: (message: string) => void;
}): Promise<BooksClaim> {
  const { stacks } = journal;
  const outcome = await stacks.claim({ ...place, kind }, LEASE_MS);
  if ('heldBy' in outcome) throw heldElsewhere(outcome.heldBy, place, severalMachines);
  const { held, after } = outcome;
  if (after) onProgress(`Taking the books over from ${describeStack(after)}, which was not heard of any more`);
  const lost = Promise.withResolvers<UserError>();
  const kept = keepClaim({ stacks, held, logger, onLost: () => lost.resolve(booksTaken()) });
  const claim = { ...held, kind };
  return {
    claim,
    environment: claimVariable(claim),
    async agree(terms) {
      const { agreed, others } = await stacks.agree(held, terms);
      const holder = others.find(
        (other) => other.stackId === held.stackId || (kind === 'first' && other.kind === 'first'),
      );
      if (holder) throw heldElsewhere(holder, place, severalMachines);
      if (others.length > 0) throw otherTerms(terms, others, kind);
      if (!agreed) throw booksTaken();
    },
    takePart: (part) => stacks.takePart(held, part),
    silentMs: () => kept.silentMs(),
    lost: lost.promise,
    async close() {
      const giveBack = async (): Promise<void> => {
        await kept.close();
        await stacks.release(held).catch(() => undefined);
        await journal.close();
      };
      // Of books that are away, or do not answer, the lease runs out by itself, and this folder's next start does not wait for it.
      await Promise.race([giveBack(), sleep(GIVE_BACK_MS, undefined, { ref: false })]);
    },
  };
}

function heldElsewhere(holder: Stack, place: StackPlace, severalMachines: boolean): UserError {
  const seconds = Math.ceil(holder.leftMs / 1_000);
  const join = severalMachines ? ', share its work with "npm start -- --join"' : '';
  const copied =
    holder.stackId === place.stackId
      ? ` This data folder is the same on another machine, or a copy: remove stack-id in ${place.folder} to make it a stack of its own.`
      : '';
  return new UserError(
    'HeldElsewhere',
    `These books are run by another stack (${describeStack(holder)}): stop it there${join}, or, if that machine has died, start again when its lease has run out, in ${seconds} s.${copied}`,
  );
}

function otherTerms(terms: StackTerms, others: readonly Stack[], kind: StackKind): UserError {
  const where = others.map(describeStack).join('; ');
  const there = others.find((other) => other.terms?.namespace === terms.namespace)?.terms;
  const unlike = there && unlikeTerms(terms, there, where);
  if (!unlike) {
    return new UserError(
      'OtherNamespace',
      `These books are traded by stacks on another Temporal server or namespace: ${where}. Name theirs in TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, or stop them first.`,
    );
  }
  const which = kind === 'first' ? 'those that joined' : 'those';
  return new UserError(unlike.code, `${unlike.what}. Make them the same, or stop ${which} first.`);
}

function booksTaken(): UserError {
  return new UserError(
    'BooksTaken',
    'Another start has taken the books while this stack was not heard of: everything here is stopped. "./sapphire status" says who runs them.',
  );
}
