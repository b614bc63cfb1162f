import { UserError } from '../../contracts/errors.ts';

/** What editors and `echo` put at a line's end, and no value has. */
const LINE_ENDS = /[\r\n]+$/;

export function withoutLineEnds(text: string): string {
  return text.replace(LINE_ENDS, '');
}

/**
 * A setting of the environment; undefined where there is none. An empty one is refused: it is the rest of a mistake, e.g. of a variable that another
 * one was to be made of, and the default in its place may be another installation's books.
 *
 * @throws UserError SettingEmpty
 */
export function setting(name: string, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const given = environment[name];
  if (given === undefined) return undefined;
  const text = withoutLineEnds(given);
  if (text.trim() !== '') return text;
  throw new UserError('SettingEmpty', `${name} is set and empty: give it a value, or unset it to have the default.`);
}
