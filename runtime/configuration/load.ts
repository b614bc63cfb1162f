import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import type { z } from 'zod';
import { faultsOf } from '../../contracts/config/faults.ts';
import { type Configuration, configurationSchema } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { setting } from './environment.ts';
import { projectFolder } from './folders.ts';
import { withPortOffset } from './port-offset.ts';

/** The trading configuration's file: SAPPHIRE_CONFIG, else `trading.yml` in the checkout. */
export function configurationFile(): string {
  const file = setting('SAPPHIRE_CONFIG') ?? 'trading.yml';
  return isAbsolute(file) ? file : join(projectFolder, file);
}

export function loadConfiguration(file: string = configurationFile()): Configuration {
  return withPortOffset(parseConfiguration(readYaml(file), file), file);
}

/** @param source named in the message, e.g. the file's path. */
export function parseConfiguration(value: unknown, source: string): Configuration {
  return validated(configurationSchema, value ?? {}, source);
}

export function readYaml(file: string): unknown {
  if (!existsSync(file)) {
    throw new UserError(
      'ConfigurationMissing',
      `${file} does not exist. Restore it or name another file in SAPPHIRE_CONFIG.`,
    );
  }
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new UserError('ConfigurationUnreadable', `${file} cannot be read: ${reason}`);
  }
}

/** @param reportInput false where what stands there is nobody's to see */
export function validated<T>(schema: z.ZodType<T>, value: unknown, source: string, reportInput = true): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = faultsOf(schema, value, reportInput);
  throw new UserError('ConfigurationInvalid', `${source} is not valid. ${faults.join('; ')}.`);
}
