import { randomUUID } from 'node:crypto';
import { sharedConfiguration } from '../../client/stack/shared-configuration.ts';
import { checksOf } from '../../client/stack/stack-place.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import { claimVariable } from '../../runtime/configuration/claim.ts';
import { knownSecrets } from '../../runtime/configuration/secrets.ts';
import type { StackKind, StackPlace } from '../../stores/journal/books/stacks.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { LEASE_MS } from '../../trading/control/keep-claim.ts';
import type { Machine } from './machine.ts';
import { until } from './wait.ts';

/** Longer than a lease and the clocks' difference. */
const EXPIRY_MS = 60_000;

/** Which machine runs the books, and which has joined it; machines by their number. */
export interface Claims {
  kindOf(machine: number): StackKind;
  /** Before a machine's processes start, as `npm start` does it, with `--join` or without. False where another one has the books. */
  take(machine: number, kind: StackKind): Promise<boolean>;
  /** Resolves once the lease of the one that runs the books has run out. */
  untilFree(): Promise<void>;
}

/**
 * Takes the books for the machines, each with its data folder; that they hold them is then the affair of their processes alone. The terms are
 * the same for all: whom they would keep out is no matter here.
 */
export function createClaims(
  { stacks }: Pick<Journal, 'stacks'>,
  configuration: Configuration,
  machines: readonly Machine[],
  homes: readonly string[],
): Claims {
  const shared = sharedConfiguration(configuration);
  const terms = { namespace: 'chaos', build: 'chaos', configuration: shared, ...checksOf(knownSecrets()) };
  const places = homes.map((folder, number): StackPlace => {
    const host = `machine-${number + 1}`;
    return { stackId: randomUUID(), machine: host, host, folder };
  });
  const kinds: StackKind[] = machines.map((_machine, number) => (number === 0 ? 'first' : 'joined'));
  return {
    kindOf: (number) => kinds[number] ?? 'joined',
    async take(number, kind) {
      const [machine, place] = [machines[number], places[number]];
      if (!machine || !place) throw new Error(`there is no machine ${number}`);
      const outcome = await stacks.claim({ ...place, kind }, LEASE_MS);
      if ('heldBy' in outcome) return false;
      const { agreed } = await stacks.agree(outcome.held, terms);
      if (!agreed) throw new Error('the terms of a claim were not taken');
      if (kind === 'first') kinds.fill('joined');
      kinds[number] = kind;
      Object.assign(machine.settings, claimVariable({ ...outcome.held, kind }));
      return true;
    },
    untilFree: async () => {
      await until('the end of a lease', EXPIRY_MS, async () => {
        const first = (await stacks.list()).find(({ kind }) => kind === 'first');
        return first === undefined || first.leftMs <= 0 || undefined;
      });
    },
  };
}
