import { join } from 'node:path';
import { z } from 'zod';
import { type EngineId, engineIds } from '../../domain/signals/seats.ts';
import { keptSecret } from './private-file.ts';

/** Programs of others that the stack can install and run beside itself: `npm start -- --with NAME`. */
export const engines = engineIds;
export type Engine = EngineId;

/** Carries the names of the engines that run beside the stack to each of its processes. */
export const ENGINES_VARIABLE = 'SAPPHIRE_ENGINES';

const listSchema = z
  .string()
  .transform((text) => text.split(',').filter((name) => name !== ''))
  .pipe(z.array(z.enum(engines)));

/** The engines that this stack was started with. */
export function startedEngines(environment: NodeJS.ProcessEnv = process.env): readonly Engine[] {
  return listSchema.parse(environment[ENGINES_VARIABLE] ?? '');
}

/** Bearer token of what ends Hummingbot's engine beside the stack and starts it anew: for whoever may read the data folder. */
export function hummingbotEngineToken(dataFolder: string): string {
  return keptSecret(join(dataFolder, 'hummingbot', 'token'));
}
