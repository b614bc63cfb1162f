import { UserError } from '../../contracts/errors.ts';
import { configurationFile } from '../../runtime/configuration/load.ts';
import { PORT_OFFSET_VARIABLE, portOffset } from '../../runtime/configuration/port-offset.ts';
import { profileFile, writtenProfile } from './profile.ts';

export const PORT_OFFSET_OPTION = '--port-offset';

/**
 * Before anything reads a port: where several say how far all of them are moved, they say the same.
 *
 * @param option of the command line
 * @param joins this machine shares the work of another, whose exchange is not moved
 * @throws UserError ConfigurationInvalid, ConfigurationMissing, ConfigurationUnreadable, SettingEmpty
 */
export function settlePortOffset(option?: number, joins = false): void {
  const file = profileFile();
  const given = process.env[PORT_OFFSET_VARIABLE] === undefined ? undefined : portOffset();
  const said = [
    { by: PORT_OFFSET_OPTION, offset: option },
    { by: PORT_OFFSET_VARIABLE, offset: given },
    { by: `portOffset in ${file}`, offset: writtenProfile(file).portOffset },
  ].flatMap(({ by, offset }) => (offset === undefined ? [] : [{ by, offset }]));
  const [first] = said;
  const other = said.find(({ offset }) => offset !== first?.offset);
  if (first && other)
    throw new UserError(
      'ConfigurationInvalid',
      `${first.by} is ${first.offset}, and ${other.by} ${other.offset}: leave one of them out.`,
    );
  if (joins && first && first.offset > 0)
    throw new UserError(
      'ConfigurationInvalid',
      `${first.by} is ${first.offset}, and a machine that joins finds the exchange where ${configurationFile()} says: give this machine's own processes other ports there, and leave the offset out.`,
    );
  process.env[PORT_OFFSET_VARIABLE] = String(first?.offset ?? 0);
}
