import { join } from 'node:path';
import type { Configuration } from '../../contracts/config/schema.ts';
import { type SeatOf, seatRow } from '../../domain/signals/seats.ts';
import { type Engine, engines } from '../../runtime/configuration/engines.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { engineProcess } from './engine-lease.ts';
import { nodeArguments } from './node-arguments.ts';
import type { ProcessSpec } from './process-spec.ts';
import { type InstallOptions, type PythonRequirements, pythonEnvironment } from './python-environment.ts';

const forecasters: PythonRequirements = {
  name: 'forecasters',
  lockFile: 'workers/gpu/requirements.lock',
  python: '>=3.11,<3.13',
};

type Forecaster = SeatOf<'forecaster' | 'trained-forecaster'>;
const programs: Record<Exclude<Engine, Forecaster>, PythonRequirements> = {
  freqtrade: { name: 'freqtrade', lockFile: 'workers/freqtrade/requirements.lock', python: '>=3.11,<3.14' },
  vader: { name: 'vader', lockFile: 'workers/vader/requirements.lock', python: '>=3.11' },
  hummingbot: { name: 'hummingbot', lockFile: 'workers/hummingbot/requirements.lock', python: '>=3.12,<3.13' },
};

/** What each engine is installed from. */
export const engineRequirements = {
  ...programs,
  ...Object.fromEntries(engines.filter((id) => seatRow(id).engine === 'forecaster').map((id) => [id, forecasters])),
} as Record<Engine, PythonRequirements>;

/** How each is run, given the `python` that holds it. Freqtrade and Hummingbot are watched over by a process of ours that configures them. */
function processOf(engine: Engine, python: string, { agents }: Pick<Configuration, 'agents'>): ProcessSpec {
  const name = engineProcess(engine);
  if (seatRow(engine).engine === 'forecaster') {
    const main = join(projectFolder, 'workers', 'gpu', 'main.py');
    return { name, command: python, args: [main, engine], watched: true, protectsMoney: false };
  }
  if (engine === 'vader') {
    const args = [join(projectFolder, 'workers', 'vader', 'main.py'), String(agents.vader.port)];
    return { name, command: python, args, watched: true, protectsMoney: false };
  }
  return {
    name,
    command: process.execPath,
    args: nodeArguments(`workers/${engine}/main.ts`),
    environment: { SAPPHIRE_PYTHON: python },
    watched: true,
    ...(engine === 'freqtrade' ? { healthPath: '/api/v1/ping' } : {}),
    protectsMoney: false,
  };
}

/** Installs what is missing of the wanted engines, one after the other, and says how each is started. */
export async function prepareEngines(
  wanted: readonly Engine[],
  configuration: Pick<Configuration, 'agents'>,
  options: InstallOptions,
): Promise<ProcessSpec[]> {
  const specs: ProcessSpec[] = [];
  for (const engine of engines.filter((name) => wanted.includes(name))) {
    specs.push(processOf(engine, await pythonEnvironment(engineRequirements[engine], options), configuration));
  }
  return specs;
}
