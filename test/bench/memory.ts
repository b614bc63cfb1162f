import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { readProfile } from '../../client/stack/profile.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { hold } from './bounds.ts';

/**
 * Memory of everything that `npm start` runs, as the sum of each process's proportional set size, after a number of cycles.
 * Usage: node test/bench/memory.ts [--cycles 50]
 */
const LIMIT_MB = 1_400;

interface Process {
  pid: number;
  parent: number;
  name: string;
  pssMb: number;
}

function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        const pss = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
        return [{ pid: Number(pid), parent, name: nameOf(args), pssMb: Number(pss ?? 0) / 1_024 }];
      } catch {
        // It ended while we looked.
        return [];
      }
    });
}

function nameOf(args: readonly string[]): string {
  const script = args.find((arg) => /\.(ts|mjs)$/.test(arg)) ?? args[0] ?? '';
  return script.replace(`${projectFolder}/`, '').split('/').slice(-2).join('/');
}

function familyOf(root: number): Process[] {
  const all = processes();
  const family = new Set([root]);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  return all.filter(({ pid }) => family.has(pid));
}

const { values } = parseArgs({ options: { cycles: { type: 'string', default: '50' } } });
const folder = mkdtempSync(join(tmpdir(), 'sapphire-memory-'));
// The shipped configuration, on ports of its own.
const shipped = readProfile();
const stackFile = join(folder, 'stack.yml');
const configurationFile = join(folder, 'trading.yml');
writeFileSync(
  stackFile,
  stringify({ ...shipped, temporal: { ...shipped.temporal, ports: { grpc: 17_234, ui: 18_234 } } }),
);
writeFileSync(
  configurationFile,
  stringify({ demo: true, operationsPort: 19_470, coordinator: { port: 18_082 }, paperExchange: { port: 18_093 } }),
);
const child = spawn('npm', ['start', '--', '--cycles', values.cycles], {
  cwd: projectFolder,
  env: { ...process.env, SAPPHIRE_DATA: folder, SAPPHIRE_STACK: stackFile, SAPPHIRE_CONFIG: configurationFile },
  stdio: ['ignore', 'pipe', 'inherit'],
  detached: true,
});
let finished = 0;
await new Promise<void>((resolve, reject) => {
  child.once('exit', (code) => reject(new Error(`npm start ended with ${code} after ${finished} cycles`)));
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (/^\d\d:\d\d:\d\d │/.test(line)) finished += 1;
    if (finished === Number(values.cycles)) resolve();
  });
});
const family = familyOf(child.pid ?? 0).sort((a, b) => b.pssMb - a.pssMb);
for (const { name, pssMb } of family) console.log(`${pssMb.toFixed(0).padStart(6)} MB  ${name}`);
const total = family.reduce((sum, { pssMb }) => sum + pssMb, 0);
hold(`MB together after ${finished} cycles`, total, { atMost: LIMIT_MB });
console.log(
  JSON.stringify({
    cycles: finished,
    totalPssMb: Math.round(total),
    processes: family.map(({ name, pssMb }) => ({ name, pssMb: Math.round(pssMb) })),
  }),
);
const ended = new Promise((resolve) => child.once('exit', resolve));
process.kill(-(child.pid ?? 0), 'SIGINT');
await ended;
process.exit();
