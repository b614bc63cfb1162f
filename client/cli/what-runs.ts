import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../contracts/errors.ts';
import { dataPlace } from '../../runtime/configuration/folders.ts';
import { PORT_OFFSET_VARIABLE } from '../../runtime/configuration/port-offset.ts';
import { pinnedConfiguration } from '../stack/pinned-configuration.ts';
import { type RunningStack, runningHere, runningIn } from '../stack/running.ts';
import { settlePortOffset } from '../stack/settle-port-offset.ts';
import { progress } from './output.ts';

/** What a command is to what runs: `starts` it, `asks` or steers it, or `stops` it, which is never refused for where it was typed. */
export type Relation = 'starts' | 'asks' | 'stops';

/**
 * A terminal that was told nothing of where things are takes it from what runs: the data folder, where that of the checkout has no run, and what
 * the run was started with beside it. What the environment says has the last word, but of a stop's configuration: what runs is stopped.
 *
 * @param place the data folder of this environment
 * @returns why a stop cannot know what to stop, which all others are refused for
 * @throws UserError DataFolderUnclear, SettingEmpty
 */
export function takeWhatRuns(
  relation: Relation,
  place: () => string = dataPlace,
  look: () => RunningStack[] = runningHere,
): UserError | undefined {
  if (relation === 'starts') return undefined;
  const empty = relation === 'stops' ? withoutEmpty(place) : undefined;
  const isNamed = process.env['SAPPHIRE_DATA'] !== undefined;
  const here = runningIn(place());
  const others = here || isNamed ? [] : look();
  const [other] = others;
  const unclear = other && refusal(place(), others, relation);
  if (unclear && relation !== 'stops') throw unclear;
  if (unclear) return unclear;
  if (other) {
    process.env['SAPPHIRE_DATA'] = other.folder;
    progress(`SAPPHIRE_DATA is not set: taking ${other.folder}, where Sapphire runs (process ${other.pid}).`);
  }
  const run = here ?? other;
  if (run) takeSettings(run, relation);
  else settlePorts(relation);
  return run ? undefined : empty;
}

/** An empty name is the rest of a mistake: what runs is stopped all the same, and no books are where nothing does. */
function withoutEmpty(place: () => string): UserError | undefined {
  try {
    place();
    return undefined;
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'SettingEmpty') throw error;
    Reflect.deleteProperty(process.env, 'SAPPHIRE_DATA');
    return error;
  }
}

/** Undefined where it is clear which one is meant: there is one, and no books are where one would look without it. */
function refusal(place: string, others: readonly RunningStack[], relation: Relation): UserError | undefined {
  const hasBooks = ['books.json', 'journal.db', 'stack-id'].some((file) => existsSync(join(place, file)));
  if (others.length === 1 && (!hasBooks || relation === 'stops')) return undefined;
  const running = others.map(({ folder, pid }) => `${folder} (process ${pid})`).join(', ');
  const own = hasBooks ? `, or SAPPHIRE_DATA=${place} for the books there, which nobody runs` : '';
  return new UserError(
    'DataFolderUnclear',
    `SAPPHIRE_DATA is not set, and Sapphire runs in ${running}: set SAPPHIRE_DATA to the folder that you mean${own}.`,
  );
}

/** Where nothing runs the files say which ports are meant. Nothing of that keeps a stop from what it can do without a port. */
function settlePorts(relation: Relation): void {
  try {
    settlePortOffset();
  } catch (error) {
    if (relation !== 'stops') throw error;
    Reflect.deleteProperty(process.env, PORT_OFFSET_VARIABLE);
  }
}

function takeSettings({ folder, pid, settings }: RunningStack, relation: Relation): void {
  const offset = settings[PORT_OFFSET_VARIABLE] ?? '0';
  const given = process.env[PORT_OFFSET_VARIABLE];
  if (given !== undefined && given !== offset && relation !== 'stops')
    throw new UserError(
      'ConfigurationInvalid',
      `Sapphire runs in ${folder} (process ${pid}) with a port offset of ${offset}, and ${PORT_OFFSET_VARIABLE} says ${given}: unset it, the folder knows its own.`,
    );
  process.env[PORT_OFFSET_VARIABLE] = offset;
  for (const [name, value] of Object.entries(settings)) process.env[name] ??= value;
  const pinned = pinnedConfiguration(folder);
  if (relation === 'stops' && existsSync(pinned)) process.env['SAPPHIRE_CONFIG'] = pinned;
}
