import { type ChildProcess, execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readProfile } from '../../client/stack/profile.ts';
import { temporalBinary } from '../../client/stack/temporal-binary.ts';
import { type Ended, end, type Installation, makeInstallation } from '../support/installation.ts';

const controlSchema = z.object({
  control: z.object({ tradingState: z.string(), epoch: z.number(), reason: z.string() }),
});

/** As a stranger would who reaches the server: with Temporal's bare command line. */
describe('where foreign starts are refused', { timeout: 120_000 }, () => {
  let installation: Installation;
  let running: ChildProcess;
  let temporal: string;

  const bare = (...args: string[]): Promise<Ended> =>
    new Promise((resolve) => {
      const server = ['--address', `127.0.0.1:${installation.ports.grpc}`, '--namespace', 'sapphire'];
      execFile(temporal, [...args, ...server], { timeout: 30_000 }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
      );
    });
  const cycle = (workflowId: string): string[] =>
    ['workflow', 'execute', '--type', 'tradingCycle', '--task-queue', 'cycles'].concat(
      '--workflow-id',
      workflowId,
      '--input',
      '{}',
    );
  const sapphire = (...args: string[]): Promise<Ended> => installation.sapphire(...args);
  const control = async () => controlSchema.parse(JSON.parse((await sapphire('status', '--json')).stdout)).control;

  beforeAll(async () => {
    temporal = await temporalBinary(readProfile().temporal);
    installation = await makeInstallation();
    installation.configure({ access: { foreignStarts: 'refuse' } });
    running = installation.up();
    const ready = async (): Promise<boolean> => (await sapphire('status', '--json')).code === 0;
    for (let tries = 0; tries < 60 && !(await ready()); tries += 1) await sleep(500);
  });
  afterAll(async () => {
    const ended = end(running);
    if (running.pid) process.kill(running.pid, 'SIGINT');
    await ended;
  });

  it('the scheduled cycles trade, one by hand gets nothing done, and one by "./sapphire temporal" does', async () => {
    const listed = async (): Promise<string> => (await sapphire('cycle', 'list', '--json')).stdout;
    await expect.poll(listed, { timeout: 60_000, interval: 1_000 }).toMatch(/"id": *"cycle\/main-/);
    const refused = await bare(...cycle('by-hand-1'));
    expect(refused.code).not.toBe(0);
    expect(refused.stdout + refused.stderr).toMatch(/Refused: the workflow by-hand-1 was started by nobody/);
    expect(await listed()).not.toContain('by-hand-1');
    const own = await sapphire('temporal', ...cycle('by-hand-2'));
    expect({ code: own.code, stderr: own.stderr }).toEqual({ code: 0, stderr: '' });
    expect(await listed()).toContain('by-hand-2');
  });

  it('a cycle by hand is one like any other for the time that a person has allowed, and nothing else is', async () => {
    expect((await sapphire('allow-ui', '--for', '5m', '--reason', 'a look')).code).toBe(0);
    expect((await bare(...cycle('by-hand-3'))).code).toBe(0);
    const others = [
      [
        'workflow',
        'execute',
        '--type',
        'flatten',
        '--task-queue',
        'execution',
        '--workflow-id',
        'f',
        '--input',
        '"main"',
        '--input',
        '1',
      ],
      [
        'workflow',
        'execute',
        '--type',
        'reconcile',
        '--task-queue',
        'control',
        '--workflow-id',
        'r',
        '--input',
        '"main"',
      ],
      ['activity', 'execute', '--activity-id', 'a', '--task-queue', 'execution', '--type', 'planExit'].concat(
        ['--input', '{"account":"main","symbol":"BTC/USDT","purpose":"flatten","key":"x","attempt":1}'],
        ['--start-to-close-timeout', '5s'],
      ),
    ];
    for (const args of others) {
      const { code, stdout, stderr } = await bare(...args);
      expect({ args, code }).not.toEqual({ args, code: 0 });
      expect(stdout + stderr).toMatch(/Refused: /);
    }
  });

  it('a stop is anybody’s, readable or not, and a resume is not', async () => {
    const signal = ['workflow', 'signal', '--workflow-id', 'trading-control', '--name', 'emergencyStop'];
    expect((await bare(...signal, '--input', '{"reason":{"a":1},"by":"x"}')).code).toBe(0);
    await expect
      .poll(control, { timeout: 15_000 })
      .toMatchObject({ tradingState: 'halted', epoch: 1, reason: '{"a":1}' });
    expect((await bare(...signal, '--input', '{}', '--input-meta', 'encoding=binary/x')).code).toBe(0);
    const unreadable = { tradingState: 'halted', epoch: 2, reason: 'an unreadable stop (encoding binary/x)' };
    await expect.poll(control, { timeout: 15_000 }).toMatchObject(unreadable);
    const update = ['workflow', 'update', 'execute', '--workflow-id', 'trading-control', '--name', 'resume'];
    const request = ['--input', '{"reason":"x","by":"x","expectedEpoch":2}'];
    const refused = await bare(...update, ...request);
    expect(refused.stdout + refused.stderr).toMatch(
      /Refused: the update resume was sent by nobody of this installation/,
    );
    expect(await control()).toMatchObject({ tradingState: 'halted', epoch: 2 });
    expect((await sapphire('temporal', ...update, ...request)).code).toBe(0);
    expect(await control()).toMatchObject({ tradingState: 'active', epoch: 3 });
    const trail = await sapphire('audit', 'list');
    expect(trail.stdout).toMatch(/trading\.halted +unknown +temporal:temporal-cli:/);
    expect((await sapphire('audit', 'verify')).code).toBe(0);
  });
});
