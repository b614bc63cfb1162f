import { ExitCode, UserError } from '../../contracts/errors.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { describeStack } from './claim.ts';
import { stackIdIn } from './stack-place.ts';

/**
 * A machine that joined another has no warehouse: a report from the empty one here would leave out, without a word, all that was exported there.
 *
 * @throws UserError WarehouseElsewhere
 */
export async function refuseWarehouseElsewhere(
  { stacks }: Pick<Journal, 'stacks'>,
  stackId: string | undefined = stackIdIn(dataFolder()),
): Promise<void> {
  const known = await stacks.list();
  if (!known.some((stack) => stack.stackId === stackId && stack.kind === 'joined')) return;
  const first = known.find(({ kind }) => kind === 'first');
  throw new UserError(
    'WarehouseElsewhere',
    `This machine has joined another, which has the warehouse and its reports${first ? ` (${describeStack(first)})` : ''}: ask there.`,
    ExitCode.refused,
  );
}
