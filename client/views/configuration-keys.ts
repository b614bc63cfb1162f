import { type ConfigurationKey, keysOf } from '../../contracts/config/keys.ts';
import { meaningOf } from '../../contracts/config/meanings.ts';
import { configurationSchema } from '../../contracts/config/schema.ts';
import { profileSchema } from '../stack/profile.ts';
import { profileMeanings } from '../stack/profile-meanings.ts';

/** A key as a person reads of it. */
export interface DescribedKey extends ConfigurationKey {
  meaning: string;
}

/** @throws Error for a key of which nobody wrote what it says */
function described(keys: readonly ConfigurationKey[], meaning: (path: string[]) => string | undefined): DescribedKey[] {
  return keys.map((key) => {
    const words = meaning(key.path);
    if (words === undefined) throw new Error(`nobody wrote what ${key.path.join('.')} says`);
    return { ...key, meaning: words };
  });
}

/** Of trading.yml, with what holds where nothing is written. */
export function tradingKeys(): DescribedKey[] {
  const defaults = configurationSchema.parse({});
  return described(keysOf(configurationSchema), meaningOf).map((key) => {
    const value = key.of === undefined ? at(defaults, key.path) : undefined;
    return value === undefined ? key : { ...key, default: value };
  });
}

/** Of temporal-dev.yml. */
export function profileKeys(): DescribedKey[] {
  return described(keysOf(profileSchema), (path) => profileMeanings[path.join('.')]);
}

/** What stands at a path, undefined where nothing does. */
export function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (part, key) => (typeof part === 'object' && part !== null ? Reflect.get(part, key) : undefined),
    value,
  );
}
