import type { Configuration } from '../../contracts/config/schema.ts';
import type { Variable } from '../../runtime/configuration/variables.ts';
import { at } from './configuration-keys.ts';

export interface ConfigurationSources {
  /** With their defaults. */
  effective: { trading: Configuration; stack: object };
  /** As the files have them. */
  written: { trading: unknown; stack: unknown };
  files: { trading: string; stack: string };
  environment: NodeJS.ProcessEnv;
  variables: readonly Variable[];
}

export interface ShownSetting {
  name: string;
  value: unknown;
  /** `default`, `environment`, or the file that says it. */
  from: string;
}

/** What holds now and who says so. Of a secret it says that it is set, and no more. */
export function viewConfiguration(sources: ConfigurationSources): ShownSetting[] {
  const { effective, written, files } = sources;
  return [
    ...settingsOf(effective.trading, written.trading, files.trading),
    ...settingsOf(effective.stack, written.stack, files.stack),
    ...variablesOf(sources),
  ];
}

function settingsOf(effective: object, written: unknown, file: string): ShownSetting[] {
  return leavesOf(effective, []).map(({ path, value }) => ({
    name: path.join('.'),
    value,
    from: originOf(at(written, path), value, file),
  }));
}

/** A port that was moved is what the environment made of it. */
function originOf(written: unknown, value: unknown, file: string): string {
  if (written === undefined) return 'default';
  return typeof written === 'number' && written !== value ? 'environment' : file;
}

function leavesOf(value: unknown, path: string[]): { path: string[]; value: unknown }[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return value === undefined ? [] : [{ path, value }];
  return Object.entries(value).flatMap(([key, part]) => leavesOf(part, [...path, key]));
}

function variablesOf({ environment, variables }: ConfigurationSources): ShownSetting[] {
  return variables.flatMap(({ name, isSecret }) => {
    const file = environment[`${name}_FILE`];
    const given = environment[name];
    if (isSecret && file !== undefined) return [{ name, value: `kept in ${file}`, from: 'environment' }];
    if (given === undefined || (isSecret && given === '')) return [];
    return [{ name, value: isSecret ? 'set, and not shown' : given, from: 'environment' }];
  });
}
