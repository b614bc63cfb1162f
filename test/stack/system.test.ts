import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { debianProgram } from '../../client/stack/debian-programs.ts';
import { hiddenPlace } from '../../client/stack/ports.ts';
import { type Ask, darwinPorts, darwinProcesses } from '../../client/stack/system/darwin.ts';
import { linuxPorts, linuxProcesses } from '../../client/stack/system/linux.ts';
import { takenPort, temporaryFolder } from './harness.ts';

/**
 * As ps(1) and lsof(8) of macOS 14 document what they print: recorded formats, not run on a Mac.
 * lstart has five words, whatever the language; lsof -F prints a line a field, its letter first.
 */
const recorded: Record<string, string> = {
  'ps -p 501 -o pid=,ppid=,pgid=,stat=,lstart=,comm=':
    '  501     1   499 S+   Tue Dec  1 05:20:38 2026     /opt/homebrew/Cellar/node/24.9.0/bin/node\n',
  'ps -p 502 -o pid=,ppid=,pgid=,stat=,lstart=,comm=': '  502   501   502 Z    Tue Dec  1 05:20:39 2026     (node)\n',
  'ps -p 503 -o pid=,ppid=,pgid=,stat=,lstart=,comm=': '',
  'ps -p 501 -ww -o command=': 'node /Users/ann/My Sapphire/client/bootstrap.mjs up\n',
  'ps -axwwE -o pid=,command=': [
    '    1 /sbin/launchd',
    '  501 node client/bootstrap.mjs up PATH=/usr/bin:/bin SAPPHIRE_RUN_FOLDER=/Users/ann/My Sapphire/.sapphire SAPPHIRE_RUN_ID=0b7d HOME=/Users/ann',
    '  777 grep SAPPHIRE',
    '',
  ].join('\n'),
  'ps -axo uid=': '    0\n  501\n  501\n  248\n',
  'lsof -a -p 501 -d cwd -Fn': 'p501\nfcwd\nn/Users/ann/My Sapphire\n',
  'lsof -nP -iTCP:8092 -sTCP:LISTEN -Fpgu': 'p501\ng499\nu502\nf21\np640\ng640\nu0\nf8\nf9\n',
  'lsof -nP -iTCP:8093 -sTCP:LISTEN -Fpgu': '',
};
const ask: Ask = (program, args) => {
  const text = recorded[[program, ...args].join(' ')];
  if (text === undefined) throw new Error(`not recorded: ${program} ${args.join(' ')}`);
  return text;
};

describe('a Mac, by what its programs print (recorded formats, not run on a Mac)', () => {
  const processes = darwinProcesses(ask);
  const ports = darwinPorts(ask);

  it('tells a process by its start, and none that has ended', () => {
    const row = processes.row(501);
    expect(row).toEqual({
      pid: 501,
      parentPid: 1,
      groupId: 499,
      command: 'node',
      startedAtTicks: Date.UTC(2026, 11, 1, 5, 20, 38) / 10,
    });
    expect(row && processes.startedAt(row)).toBe(Date.UTC(2026, 11, 1, 5, 20, 38));
    expect([processes.row(502), processes.row(503)]).toEqual([undefined, undefined]);
    expect(processes.commandLine(501)).toBe('node /Users/ann/My Sapphire/client/bootstrap.mjs up');
    expect(processes.folder(501)).toBe('/Users/ann/My Sapphire');
    expect(processes.userIds()).toEqual([0, 501, 248]);
  });

  it('shows environments, with blanks in their values', () => {
    const seen = processes.environments();
    expect(seen.map(({ pid }) => pid)).toEqual([1, 501, 777]);
    expect(Object.fromEntries(seen[1]?.variables ?? [])).toEqual({
      PATH: '/usr/bin:/bin',
      SAPPHIRE_RUN_FOLDER: '/Users/ann/My Sapphire/.sapphire',
      SAPPHIRE_RUN_ID: '0b7d',
      HOME: '/Users/ann',
    });
  });

  it('names who listens, and whose group it is', () => {
    expect(ports.listeners(8092)).toEqual([
      { pid: 501, userId: '502' },
      { pid: 640, userId: '0' },
    ]);
    expect(ports.listeners(8093)).toEqual([]);
    expect([499, 501, 640, 641].map((group) => ports.groupListens(group, 8092))).toEqual([true, true, true, false]);
  });
});

describe('on a Mac', () => {
  it('what watches is had from the PATH or from Homebrew, and else is said how it is had, without a try to fetch it', async () => {
    const folder = temporaryFolder();
    const program = join(folder.path, 'prometheus');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    const mac = { platform: 'darwin' as const, environment: { PATH: folder.path } };
    expect(await debianProgram('prometheus', mac)).toEqual({ file: program });
    await expect(debianProgram('amtool', { ...mac, environment: {} })).rejects.toThrow(
      /^amtool cannot be had: it is neither on the PATH nor in a folder of Homebrew\. Install Prometheus and Alertmanager/,
    );
    folder.remove();
  });

  it('the one address of loopback that it has is taken, and elsewhere one that nobody can guess', async () => {
    expect((await hiddenPlace('darwin')).host).toBe('127.0.0.1');
    expect((await hiddenPlace('linux')).host).toMatch(/^127\.\d+\.\d+\.\d+$/);
    expect((await hiddenPlace('linux')).host).not.toBe('127.0.0.1');
  });
});

describe('Linux', () => {
  it('tells the same of a process that runs here, from its first to its last moment', async () => {
    const child = spawn('sleep', ['60'], { detached: true, env: { MARK: 'a b=c' }, cwd: '/' });
    const { pid = 0 } = child;
    await once(child, 'spawn');
    const row = linuxProcesses.row(pid);
    expect(row).toMatchObject({ pid, parentPid: process.pid, groupId: pid, command: expect.any(String) });
    expect(Math.abs(Date.now() - linuxProcesses.startedAt(row ?? { startedAtTicks: 0 }))).toBeLessThan(60_000);
    await expect.poll(() => linuxProcesses.commandLine(pid)).toBe('sleep 60');
    expect(linuxProcesses.folder(pid)).toBe('/');
    expect(linuxProcesses.userIds()).toContain(process.getuid?.());
    expect(
      linuxProcesses
        .environments()
        .find((each) => each.pid === pid)
        ?.variables.get('MARK'),
    ).toBe('a b=c');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(linuxProcesses.row(pid)).toBeUndefined();
  });

  it('names who listens', async () => {
    const { port, close } = await takenPort();
    expect(linuxPorts.listeners(port)).toEqual([{ pid: process.pid, userId: String(process.getuid?.()) }]);
    await close();
    expect(linuxPorts.listeners(port)).toEqual([]);
  });
});
