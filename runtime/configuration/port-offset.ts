import { UserError } from '../../contracts/errors.ts';
import { setting } from './environment.ts';

/** Set by whoever starts or finds a stack, for itself and all that it starts. */
export const PORT_OFFSET_VARIABLE = 'SAPPHIRE_PORT_OFFSET';
export const MOST_PORT_OFFSET = 50_000;
const MOST_PORT = 65_535;

/** By how much every port of this stack lies above what its files say; 0 where nobody says. @throws UserError ConfigurationInvalid, SettingEmpty */
export function portOffset(environment: NodeJS.ProcessEnv = process.env): number {
  const text = setting(PORT_OFFSET_VARIABLE, environment) ?? '0';
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= MOST_PORT_OFFSET) return value;
  throw new UserError(
    'ConfigurationInvalid',
    `${PORT_OFFSET_VARIABLE} must be a whole number from 0 to ${MOST_PORT_OFFSET}, and is "${text}".`,
  );
}

/**
 * The same, with every port that it names moved: the numbers under `port`, under keys that end with `Port`, and of whatever stands in `ports`.
 *
 * @throws UserError ConfigurationInvalid where one would be none any more
 */
export function withPortOffset<T>(value: T, source: string, offset: number = portOffset()): T {
  return offset === 0 ? value : (moved(value, '', offset, source) as T);
}

function moved(value: unknown, path: string, offset: number, source: string): unknown {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
  const isList = /(^|\.)ports$/.test(path);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const at = path === '' ? key : `${path}.${key}`;
      if (typeof inner !== 'number' || !(isList || /^(port|\w+Port)$/.test(key)))
        return [key, moved(inner, at, offset, source)];
      if (inner + offset <= MOST_PORT) return [key, inner + offset];
      throw new UserError(
        'ConfigurationInvalid',
        `A port offset of ${offset} makes ${inner + offset} of ${at} (${inner} in ${source}), and ports end at ${MOST_PORT}: take a smaller one.`,
      );
    }),
  );
}
