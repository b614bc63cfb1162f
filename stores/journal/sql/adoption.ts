import { isDeepStrictEqual } from 'node:util';

/** What the configuration came to when it was taken over, and the defaults of that release, by which what it says is told from what it leaves out. */
export interface Configured<Settings> {
  settings: Settings;
  defaults: Partial<Settings>;
}

/**
 * What is in force once the configuration is taken over: all of it where it says another than the last time, else what was in force. A default that moved
 * with a release is nothing that the configuration says: it comes into force where the last one is, and no person has chosen otherwise.
 */
export function takeOver<Settings extends object>(
  current: Settings,
  last: Configured<Settings>,
  now: Configured<Settings>,
): Settings {
  const keys = Object.keys(now.settings) as (keyof Settings)[];
  const isDefault = ({ settings, defaults }: Configured<Settings>, key: keyof Settings): boolean =>
    isDeepStrictEqual(settings[key], defaults[key]);
  const differing = keys.filter((key) => !isDeepStrictEqual(last.settings[key], now.settings[key]));
  if (!differing.every((key) => isDefault(last, key) && isDefault(now, key))) return now.settings;
  const moved = differing.filter((key) => isDeepStrictEqual(current[key], last.settings[key]));
  return { ...current, ...Object.fromEntries(moved.map((key) => [key, now.settings[key]])) };
}
