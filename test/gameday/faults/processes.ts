import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { readProfile } from '../../../client/stack/profile.ts';
import type { Role } from '../../../contracts/roles.ts';
import { operationsPort, processName } from '../../../runtime/roles.ts';
import type { GameDayStack } from '../stack.ts';
import { type Fault, followsFrom, pidOf, processTells, until } from './fault.ts';
import { stranger, takePort } from './strangers.ts';

function killed(name: string): Fault {
  return {
    name: `${name} is killed (kill -9)`,
    kind: 'a process is killed',
    tells: processTells(name),
    pages: followsFrom(name),
    async inject(stack) {
      process.kill(-pidOf(stack, name), 'SIGKILL');
      return Date.now();
    },
  };
}

function hung(name: string): Fault {
  return {
    name: `${name} hangs (it is stopped, and answers no more)`,
    kind: 'a process hangs',
    tells: processTells(name),
    pages: followsFrom(name),
    async inject(stack) {
      process.kill(-pidOf(stack, name), 'SIGSTOP');
      return Date.now();
    },
  };
}

/**
 * Sets a limit of the kernel on a process that runs, to what it uses at this moment; the one that takes its place has none.
 *
 * @param want has it need more, where it may do for long with what it has
 */
function limited(
  name: string,
  resource: 'nofile' | 'data',
  what: string,
  want: (stack: GameDayStack) => void = () => {},
): Fault {
  return {
    name: `${name} ${what}`,
    kind: `a process ${what}`,
    tells: processTells(name),
    pages: followsFrom(name),
    async inject(stack) {
      const pid = pidOf(stack, name);
      const most = resource === 'nofile' ? 3 : 1024 * Number(/^VmData:\s+(\d+)/m.exec(statusOf(pid))?.[1]);
      execFileSync('prlimit', [`--pid=${pid}`, `--${resource}=${most}:${most}`]);
      want(stack);
      return Date.now();
    },
  };
}

const parentOf = (pid: number): number => Number(/^PPid:\s+(\d+)/m.exec(statusOf(pid))?.[1]);

const statusOf = (pid: number): string => readFileSync(`/proc/${pid}/status`, 'utf8');

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) process.kill(pid, signal);
}

/** Whoever the port belongs to now is well, and says so to whoever asks. */
function portTaken(role: Role, forMs: number): Fault {
  const name = processName(role);
  return until(
    {
      name: `a stranger has the port of ${name} (for ${forMs / 1_000} s)`,
      kind: 'a port is taken',
      tells: processTells(name),
      pages: followsFrom(name),
    },
    forMs,
    async (stack) => {
      process.kill(-pidOf(stack, name), 'SIGKILL');
      return takePort(stranger(), operationsPort({ operationsPort: stack.installation.ports.operations }, role));
    },
  );
}

/** Three intervals without a word are too many. */
const ALL_DEAD = { forMs: 180_000, holdsAfterMs: 90_000 };

const nobodyAnswers = until(
  {
    name: 'no agent answers any more (their worker cannot start)',
    kind: 'all agents are dead',
    tells: /^TradingNoSignals$/,
    pages: /^TradingSystemDown$/,
    calls: 'page',
    holdsAfterMs: ALL_DEAD.holdsAfterMs,
  },
  ALL_DEAD.forMs,
  async (stack) => {
    process.kill(-pidOf(stack, 'workers/agents'), 'SIGKILL');
    return takePort(stranger(), operationsPort({ operationsPort: stack.installation.ports.operations }, 'agents'));
  },
);

/** Work for a tenth of the time, for so long as it lasts. */
function slowed(pid: number): () => void {
  let rounds = 0;
  const timer = setInterval(() => {
    rounds += 1;
    process.kill(-pid, rounds % 10 === 0 ? 'SIGCONT' : 'SIGSTOP');
  }, 300);
  return () => {
    clearInterval(timer);
    process.kill(-pid, 'SIGCONT');
  };
}

/** Of the worker that looks at the clocks: what the others' do to their requests is nothing, and the chaos runs hold that. */
function skewed(skewMs: number): Fault {
  const seconds = `${Math.abs(skewMs) / 1_000} s ${skewMs > 0 ? 'ahead' : 'behind'}`;
  return until(
    {
      name: `our clock is ${seconds}, and is stepped back`,
      kind: 'our clock is wrong',
      tells: /^exchange\/clock$|^TradingExchangeClockSkew$/,
    },
    20_000,
    (stack) => {
      stack.setClock('workers/housekeeping', skewMs);
      return () => stack.setClock('workers/housekeeping', 0);
    },
  );
}

export const processFaults: readonly Fault[] = [
  killed('temporal'),
  killed('paper-exchange'),
  killed('mcp-coordinator'),
  killed('workers/control'),
  killed('workers/housekeeping'),
  killed('workers/cycles'),
  killed('workers/agents'),
  killed('workers/execution'),
  killed('prometheus'),
  killed('alertmanager'),
  {
    name: 'the supervisor is killed (kill -9), and everything with it',
    kind: 'the supervisor is killed',
    tells: processTells('supervisor'),
    pages: followsFrom('supervisor'),
    async inject(stack) {
      process.kill(stack.supervisorPid(), 'SIGKILL');
      return Date.now();
    },
  },
  {
    name: 'the launcher is killed (kill -9), and the supervisor ends with it',
    kind: 'the launcher is killed',
    tells: /^launcher$/,
    pages: followsFrom('supervisor'),
    async inject(stack) {
      process.kill(parentOf(stack.supervisorPid()), 'SIGKILL');
      return Date.now();
    },
  },
  hung('mcp-coordinator'),
  hung('workers/cycles'),
  hung('workers/control'),
  hung('temporal'),
  skewed(1_500),
  skewed(-1_500),
  skewed(12_000),
  limited('workers/agents', 'nofile', 'can open no more files and connections'),
  limited('workers/execution', 'data', 'is given no more memory', (stack) =>
    stack.setHazard('workers/execution', 'leak'),
  ),
  until(
    {
      name: 'Temporal is slow (it works a tenth of the time)',
      kind: 'Temporal is slow',
      tells: /^temporal$|^health$/,
      pages: followsFrom('temporal'),
    },
    30_000,
    (stack) => slowed(pidOf(stack, 'temporal')),
  ),
  until(
    {
      name: 'Temporal is far away (1.2 s each way)',
      kind: 'Temporal is far away',
      tells: /^temporal|^Temporal|^health$/,
      // The latch is asked for 3 s, and a question's four ways take 4.8.
      pages: /^TradingControlSilent$/,
    },
    90_000,
    (stack) => {
      stack.delayTemporal(1_200);
      return () => stack.delayTemporal(0);
    },
  ),
  // The exchange is elsewhere, and goes on.
  until(
    {
      name: 'our machine stands still for half a minute',
      kind: 'the machine stands still',
      tells: /^health$/,
      pages: followsFrom('supervisor'),
    },
    30_000,
    (stack) => {
      const others = stack.processes().filter(({ name }) => name !== 'paper-exchange');
      const pids = [stack.supervisorPid(), ...others.map(({ pid }) => -pid)];
      signalAll(pids, 'SIGSTOP');
      return () => signalAll(pids.toReversed(), 'SIGCONT');
    },
  ),
  portTaken('agents', 60_000),
  portTaken('execution', 40_000),
  nobodyAnswers,
  until(
    {
      name: 'something else answers in the coordinator’s place, and talks nonsense',
      kind: 'the coordinator lies',
      tells: processTells('mcp-coordinator'),
    },
    35_000,
    async (stack) => {
      process.kill(-pidOf(stack, 'mcp-coordinator'), 'SIGKILL');
      const nonsense = { jsonrpc: '2.0', id: 1, result: { consensus: [{ symbol: 'BTC/USDT', expectedReturn: 9e99 }] } };
      const server = createServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(nonsense));
      });
      return takePort(server, stack.installation.ports.coordinator);
    },
  ),
  {
    name: 'the configuration is spoilt, and a worker has to start again',
    kind: 'the configuration is poisoned',
    tells: /^configuration$|^process\/workers\/execution$/,
    pages: /^TradingSystemDown$/,
    async inject(stack) {
      renameSync(stack.configurationFile, `${stack.configurationFile}.good`);
      writeFileSync(stack.configurationFile, 'symbols: [nonsense\nrisk: 7\n');
      process.kill(-pidOf(stack, 'workers/execution'), 'SIGKILL');
      return Date.now();
    },
    mend: ({ configurationFile }) => renameSync(`${configurationFile}.good`, configurationFile),
  },
  {
    name: 'a bad release of the agents’ worker is rolled out and taken back',
    kind: 'a bad release',
    tells: /^agent\/|^cycle\/main$|^TradingActivityErrors$|^TradingAgentUnavailable$/,
    pages: /^Trading(HighErrorRate|NoSignals)$/,
    inject: rollOutBadRelease,
  },
];

async function rollOutBadRelease(stack: GameDayStack): Promise<number> {
  const worker = fork(join(import.meta.dirname, 'bad-release.ts'), {
    env: {
      ...process.env,
      TEMPORAL_ADDRESS: `127.0.0.1:${stack.installation.ports.grpc}`,
      TEMPORAL_NAMESPACE: readProfile().temporal.namespace,
    },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  await once(worker, 'message');
  // The server gives a task to the poll that has waited longest: what comes back after this one is given none.
  process.kill(-pidOf(stack, 'workers/agents'), 'SIGTERM');
  setTimeout(() => worker.kill('SIGKILL'), 60_000);
  return Date.now() + 60_000;
}
