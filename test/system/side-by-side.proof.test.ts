import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RUN_FOLDER_VARIABLE, readRecord } from '../../client/stack/run-record.ts';
import { linuxPorts, linuxProcesses } from '../../client/stack/system/linux.ts';
import { end, type Installation, makeInstallation, ROLE_PORTS } from '../support/installation.ts';

let first: Installation;
const started: ChildProcess[] = [];
beforeAll(async () => {
  first = await makeInstallation();
});
afterAll(async () => {
  for (const child of started) child.kill('SIGINT');
  await sleep(200);
});

const dataOf = ({ environment }: Installation): string => environment['SAPPHIRE_DATA'] ?? '';

/** Whatever runs for a data folder. */
function runningFor(folder: string): number[] {
  return linuxProcesses
    .environments()
    .filter(({ variables }) => [variables.get(RUN_FOLDER_VARIABLE), variables.get('SAPPHIRE_DATA')].includes(folder))
    .map(({ pid }) => pid);
}

function launch(installation: Installation, ...args: string[]) {
  const child = installation.up(...args);
  started.push(child);
  let seen = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => (seen += String(part)));
  return { child, seen: () => seen, ended: end(child) };
}

async function isUp({ seen }: { seen: () => string }): Promise<void> {
  await expect.poll(seen, { timeout: 180_000, interval: 100 }).toContain('Ctrl-C stops');
}

/** The same files, and a data folder of its own. */
function beside({ environment, folder }: Installation): NodeJS.ProcessEnv {
  return { ...environment, SAPPHIRE_DATA: join(folder, 'second') };
}

/** Moves all ports of the first to where nobody listens. */
function freeOffset({ ports }: Installation): number {
  const { operations, ...single } = ports;
  const all = [...Object.values(single), ...Array.from({ length: ROLE_PORTS }, (_, place) => operations + place)];
  for (let offset = 101; ; offset += 101) {
    const moved = all.map((port) => port + offset);
    if (moved.every((port) => !all.includes(port) && linuxPorts.listeners(port).length === 0)) return offset;
  }
}

describe('on one machine', { timeout: 600_000 }, () => {
  it('a start that is interrupted ends with 130 and leaves nothing behind, wherever it was', async () => {
    for (const moment of ['Starting Temporal', 'Starting the workers']) {
      const start = launch(first);
      await expect.poll(start.seen, { timeout: 120_000, interval: 10 }).toContain(moment);
      start.child.kill('SIGINT');
      const { code, stderr } = await start.ended;
      expect([moment, code, stderr.includes('interrupted')]).toEqual([moment, 130, true]);
      await expect.poll(() => runningFor(dataOf(first)), { timeout: 20_000 }).toEqual([]);
      expect(existsSync(join(dataOf(first), 'run.json'))).toBe(false);
    }
  });

  it("a stranger at the paper exchange's port refuses the start with his name and the key, and nothing is left behind", async () => {
    const { exchange } = first.ports;
    const asked: unknown[] = [];
    const stranger = createServer((request, response) => {
      asked.push(request.url);
      response.end();
    });
    await new Promise<void>((listening) => stranger.listen(exchange, '127.0.0.1', listening));
    const { code, stderr } = await launch(first).ended;
    await new Promise((closed) => stranger.close(closed));
    expect(code).toBe(1);
    expect(stderr.split('\n').filter((line) => /^sapphire: |End the/.test(line))).toEqual([
      `sapphire: Port ${exchange} on 127.0.0.1 for the paper exchange (paperExchange.port in ${first.environment['SAPPHIRE_CONFIG']}) is in use by node (process ${process.pid}).`,
      'End the program that uses it, or change the key.',
    ]);
    expect(asked).toEqual([]);
    await expect.poll(() => runningFor(dataOf(first)), { timeout: 20_000 }).toEqual([]);
  });

  it('a second stack is told whose the ports are, runs beside the first under an offset, and its commands find it', async () => {
    const one = launch(first);
    await isUp(one);
    const second = { ...first, environment: beside(first) };
    const own = await makeInstallation();
    const two = { ...own, environment: Object.assign(own.environment, second.environment) };
    const refused = await launch(two).ended;
    const supervisor = readRecord(join(dataOf(first), 'run.json'))?.supervisor.pid;
    expect(refused.code).toBe(1);
    expect(refused.stderr.split('\n').slice(-3)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^sapphire: Ports \\d.* are in use by another Sapphire: ${dataOf(first)} \\(process ${supervisor}\\)\\.$`,
        ),
      ),
      'Run beside it with "npm start -- --port-offset 100" (to keep it: portOffset in temporal-dev.yml), or end the other with Ctrl-C where it was started.',
      '',
    ]);

    const offset = freeOffset(first);
    const other = launch(two, '--port-offset', String(offset));
    await isUp(other);
    expect(other.seen()).toContain(`http://127.0.0.1:${first.ports.coordinator + offset}`);
    for (const [run, shift] of [
      [first, 0],
      [two, offset],
    ] as const) {
      const { code, stdout } = await run.sapphire(
        'temporal',
        'workflow',
        'count',
        '--query',
        "WorkflowId = 'trading-control'",
      );
      expect([shift, code, stdout.trim()]).toEqual([shift, 0, 'Total: 1']);
      const listed = z.array(z.object({ id: z.string() }));
      await expect
        .poll(async () => listed.parse(JSON.parse((await run.sapphire('cycle', 'list', '--json')).stdout)).length, {
          timeout: 60_000,
          interval: 1_000,
        })
        .toBeGreaterThan(0);
      const health = await fetch(`http://127.0.0.1:${run.ports.operations + shift}/healthz`).catch(() => undefined);
      if (run === first) expect(health?.ok).toBe(true);
      expect(linuxPorts.listeners(first.ports.exchange + shift)).toHaveLength(1);
    }
    const unlike = await two.sapphire('temporal', 'workflow', 'describe', '--workflow-id', 'none');
    expect(unlike.code).toBe(1);
    other.child.kill('SIGINT');
    expect((await other.ended).code).toBe(0);
    expect(linuxPorts.listeners(first.ports.exchange + offset)).toEqual([]);
    expect((await first.sapphire('schedule', 'show')).code).toBe(0);
    one.child.kill('SIGINT');
    expect((await one.ended).code).toBe(0);
  });
});
