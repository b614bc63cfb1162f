import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { tellServiceManager } from '../../client/stack/service-manager.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { temporaryFolder } from '../support/books.ts';
import { eventually } from './harness.ts';

const unit = join(projectFolder, 'deploy', 'systemd', 'sapphire.service');
const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

describe('the service manager', () => {
  const watched = { NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '4000000' };

  it('is told that all is up, and then that it gets on, as long as it does', () => {
    vi.useFakeTimers();
    const told: string[] = [];
    let isWell = true;
    const end = tellServiceManager(
      () => isWell,
      watched,
      (word) => told.push(word),
    );
    vi.advanceTimersByTime(2_500);
    expect(told).toEqual(['READY=1', 'WATCHDOG=1', 'WATCHDOG=1']);
    isWell = false;
    vi.advanceTimersByTime(10_000);
    expect(told).toHaveLength(3);
    isWell = true;
    vi.advanceTimersByTime(1_000);
    expect(told).toHaveLength(4);
    end();
    vi.advanceTimersByTime(10_000);
    expect(told).toHaveLength(4);
    vi.useRealTimers();
  });

  it('is told nothing where it is none, and no more than it asks for', () => {
    const told: string[] = [];
    tellServiceManager(
      () => true,
      {},
      (word) => told.push(word),
    );
    expect(told).toEqual([]);
    tellServiceManager(
      () => true,
      { NOTIFY_SOCKET: '/run/systemd/notify' },
      (word) => told.push(word),
    );
    expect(told).toEqual(['READY=1']);
  });

  it.skipIf(!has('systemd-notify') || !has('python3'))(
    'hears it by its own program (skipped where that is not there)',
    async () => {
      const socket = join(temporaryFolder(), 'notify');
      const listen = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print('up', flush=True)
while True:
    data, held, _, _ = socket.recv_fds(s, 4096, 4)
    for one in held: os.close(one)
    print(data.decode(), flush=True)
    if b'BARRIER' in data: break`;
      const manager = spawn('python3', ['-c', listen, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
      let heard = '';
      manager.stdout.on('data', (part) => (heard += String(part)));
      await eventually('the socket', () => heard.includes('up'));
      vi.stubEnv('NOTIFY_SOCKET', socket);
      tellServiceManager(() => true);
      await once(manager, 'close');
      expect(heard.split('\n')).toContain('READY=1');
      vi.unstubAllEnvs();
    },
  );
});

describe('the unit', () => {
  it.skipIf(!has('systemd-analyze'))('is one that systemd takes without a word (skipped where it is not there)', () => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  });

  it('starts what it names, again whatever ended it, and gives a restart of its own more time than that takes', () => {
    const text = readFileSync(unit, 'utf8');
    expect(text).toMatch(/^ExecStart=\/usr\/bin\/env node client\/bootstrap\.mjs up --observe$/m);
    for (const line of [
      'Restart=always',
      'OOMPolicy=continue',
      'StartLimitIntervalSec=0',
      'Type=notify',
      'KillMode=mixed',
    ])
      expect(text).toContain(`\n${line}\n`);
    const pauses = [1, 4, 16, 64];
    const watchdogSeconds = Number(/^WatchdogSec=(\d+)min$/m.exec(text)?.[1]) * 60;
    expect(watchdogSeconds).toBeGreaterThan(Math.max(...pauses) + 120);
  });
});
