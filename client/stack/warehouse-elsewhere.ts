import { UserError } from '../../contracts/errors.ts';
import { isSamePlace, type StackPlace } from '../../stores/journal/books/stacks.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { describeStack } from './claim.ts';
import { ownPlace } from './stack-place.ts';

/**
 * A machine that joined another has no warehouse: a report from the empty one here would leave out, without a word, all that was exported there.
 *
 * @throws UserError WarehouseElsewhere
 */
export async function refuseWarehouseElsewhere(
  { stacks }: Pick<Journal, 'stacks'>,
  place: StackPlace | undefined = ownPlace(),
): Promise<void> {
  const known = await stacks.list();
  if (!place || !known.some((stack) => isSamePlace(stack, place) && stack.kind === 'joined')) return;
  const first = known.find(({ kind }) => kind === 'first');
  throw new UserError(
    'WarehouseElsewhere',
    `This machine has joined another, which has the warehouse and its reports${first ? ` (${describeStack(first)})` : ''}: ask there.`,
  );
}
