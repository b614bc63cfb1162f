import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { createCoordinatorClient } from '../../trading/decide/coordinator-client.ts';
import { freePort } from '../support/ports.ts';
import { request, signal, TOKEN } from './harness.ts';

let folder: string;
let port: number;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sapphire-coordinator-'));
  port = await freePort();
  writeFileSync(
    join(folder, 'trading.yml'),
    `coordinator: { port: ${port} }\nparticipation: { agents: { qwen: { enabled: false, weight: 2 } } }\n`,
  );
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Process {
  child: ChildProcess;
  stdout: string[];
  stderr(): string;
  exited: Promise<{ code: number | null; signal: string | null }>;
  firstLine: Promise<string>;
}

function start(): Process {
  const child = spawn(process.execPath, [join(projectFolder, 'services/mcp-coordinator/main.ts')], {
    env: {
      ...process.env,
      SAPPHIRE_DATA: folder,
      SAPPHIRE_CONFIG: join(folder, 'trading.yml'),
      SAPPHIRE_COORDINATOR_TOKEN: TOKEN,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const stdout: string[] = [];
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on('exit', (code, signal_) => resolve({ code, signal: signal_ }));
  });
  const firstLine = new Promise<string>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      stdout.push(line);
      resolve(line);
    });
  });
  return { child, stdout, stderr: () => stderr, exited, firstLine };
}

describe('the process', () => {
  it('says when it is ready, keeps the journal over kill -9, and ends at once', async () => {
    const first = start();
    const ready: unknown = JSON.parse(await first.firstLine);
    const url = `http://127.0.0.1:${port}/mcp`;
    expect(ready).toEqual({ ready: true, url });
    const client = createCoordinatorClient({ url, token: TOKEN });
    const { agents } = await client.listParticipation();
    expect(agents).toContainEqual(
      expect.objectContaining({ agentId: 'qwen', group: 'language-models', enabled: false, weight: 2 }),
    );
    expect(agents.filter(({ enabled, weight }) => enabled && weight === 1)).toHaveLength(6);
    await client.setParticipation({ requestId: 'r', agentId: 'qwen', enabled: true, by: 'test', reason: 'trial' });
    const formed = await client.formConsensus(request('c-1', [signal('qwen')]));
    expect(formed.symbols[0]?.quorum).toMatchObject({ met: true, countNeeded: 1 });
    first.child.kill('SIGKILL');
    await first.exited;

    const second = start();
    await second.firstLine;
    const later = createCoordinatorClient({ url, token: TOKEN });
    expect(await later.formConsensus(request('c-1', []))).toEqual(formed);
    expect((await later.listParticipation()).agents).toContainEqual(
      expect.objectContaining({ agentId: 'qwen', enabled: true, weight: 2 }),
    );
    const stoppedAt = Date.now();
    second.child.kill('SIGTERM');
    expect(await second.exited).toEqual({ code: 0, signal: null });
    expect(Date.now() - stoppedAt).toBeLessThan(6_000);
    expect(second.stdout).toHaveLength(1);
    for (const line of second.stderr().trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level');
    await Promise.all([client.close(), later.close()]);
  });

  it('says in one sentence that its port is in use', async () => {
    const first = start();
    await first.firstLine;
    const second = start();
    expect((await second.exited).code).toBe(1);
    expect(second.stdout).toEqual([]);
    expect(second.stderr().trim()).toMatch(new RegExp(`^Port ${port} of 127.0.0.1 is in use.*coordinator\\.port.*$`));
  });
});
