import { setTimeout as sleep } from 'node:timers/promises';
import { untilCalm } from './judge.ts';
import { missedHeartbeats } from './receiver.ts';
import type { GameDayStack } from './stack.ts';
import { namedInFull } from './verdicts.ts';

export interface QuietReport {
  minutes: number;
  /** From the stack's start on. */
  said: string[];
  cycles: number;
  heartbeats: number;
  reached: boolean;
}

const MINUTE_MS = 60_000;
const LOOK_MS = 5_000;

/**
 * Nothing happens for so many minutes: nobody may be told of anything, nothing may fire or be an incident, from the stack's start on. That no
 * heartbeat is missing proves that whoever was to be told would have been.
 *
 * @param startedAt of the stack, UTC epoch milliseconds
 */
export async function beQuiet(stack: GameDayStack, minutes: number, startedAt: number): Promise<QuietReport> {
  await untilCalm(stack);
  const from = Date.now();
  const said = new Set<string>();
  while (Date.now() < from + minutes * MINUTE_MS) {
    await sleep(LOOK_MS);
    for (const { name } of await stack.alerts()) if (name !== 'Watchdog') said.add(`${name} fires`);
    for (const name of await stack.unready()) said.add(`${name} was not ready`);
  }
  for (const notice of stack.receiver.notices)
    said.add(`${notice.receiver} was told: ${namedInFull(notice)} ${notice.status}`);
  for (const { component, code } of await stack.journal.incidents.list({ since: startedAt, limit: 200 }))
    said.add(`incident: ${component} ${code}`);
  for (const at of stack.launcherEnds) said.add(`the launcher ended ${at - startedAt} ms after the start`);
  for (const at of missedHeartbeats(stack.receiver.heartbeats, from, Date.now()))
    said.add(`no heartbeat came until ${Math.round((at - from) / 1_000)} s after it was quiet`);
  const listed = await stack.journal.cycles.list('main', 10_000);
  const cycles = listed.filter(({ startedAt: at }) => at >= from).length;
  // Two a minute are due: where nothing is done, nothing is all there is to say.
  if (cycles < minutes) said.add(`only ${cycles} cycles ran`);
  return {
    minutes,
    said: [...said],
    cycles,
    heartbeats: stack.receiver.heartbeats.filter((at) => at >= from).length,
    reached: said.size === 0,
  };
}

export function describeQuiet({ minutes, said, cycles, heartbeats, reached }: QuietReport): string {
  return [
    ...said,
    `${minutes} quiet minutes, ${cycles} cycles, ${heartbeats} heartbeats: ${reached ? 'nothing was said' : `${said.length} things were said`}`,
    '',
  ].join('\n');
}
