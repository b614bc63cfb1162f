import type { Via } from '../../contracts/audit.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { whileNobodyUses } from '../../stores/backup/in-use.ts';
import { placesOf } from '../../stores/backup/places.ts';
import type { Journal } from '../../stores/journal/port.ts';

/**
 * Has the books leave the account that they are bound to. Nothing may run on them: who runs has asked whose they are at its start.
 *
 * @throws {UserError} `StillRunning`, `NotBound`
 */
export async function letGoOfAccount(
  configuration: Configuration,
  open: () => Promise<Pick<Journal, 'bindings'>>,
  request: { account: string; reason: string; by: string; via: Via },
): Promise<{ market: string; epoch: number }> {
  await whileNobodyUses(placesOf(configuration).books, async () => undefined);
  const { bindings } = await open();
  const left = await bindings.unbind(request);
  if (left) return { market: left.market, epoch: left.control.epoch };
  throw new UserError(
    'NotBound',
    `The books of ${request.account} are bound to no account: the next start binds them to the one that it finds. Nothing was changed.`,
  );
}
