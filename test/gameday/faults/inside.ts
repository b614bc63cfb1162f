import type { Hazard } from '../hazards.ts';
import type { GameDayStack } from '../stack.ts';
import { type Fault, followsFrom, pidNow, pidOf, processTells, until } from './fault.ts';

/** One that its process does not get over: only another in its place is well. */
function inside(
  process: string,
  hazard: Hazard,
  what: Omit<Fault, 'inject' | 'isOver' | 'mend' | 'pages'> & Pick<Fault, 'pages'>,
): Fault {
  let pid = 0;
  return {
    ...what,
    async inject(stack) {
      pid = pidOf(stack, process);
      stack.setHazard(process, hazard);
      return Date.now();
    },
    isOver: (stack) => ![undefined, pid].includes(pidNow(stack, process)),
    mend: (stack) => {
      if (pidNow(stack, process) === pid) globalThis.process.kill(-pid, 'SIGKILL');
    },
  };
}

function givenNoTasks(worker: string): Fault {
  return inside(worker, 'no-polls', {
    name: `${worker} is given no task any more (its polls do not return)`,
    kind: 'a worker lives and does nothing',
    tells: new RegExp(`^process/${worker}$|^health$|^exits|^control|${followsFrom(worker).source}`),
    pages: /^Trading(SystemDown|CyclesStalled|HighErrorRate)$|^TemporalBacklogAge$/,
  });
}

function blocked(name: string): Fault {
  return inside(name, 'blocked-loop', {
    name: `${name} answers now and then (its event loop stands still for 2.5 of each 3 s)`,
    kind: 'an event loop is blocked',
    tells: new RegExp(`^process/${name}$|^TradingResourceExhaustion$|^TradingEventLoop|^TradingSystemDown$`),
    pages: followsFrom(name),
  });
}

const METRICS_HANG_MS = 120_000;

/** Prometheus alone hears nothing: whoever works on has not stopped anything. */
function metricsHang(name: string): Fault {
  return until(
    {
      name: `${name} answers Prometheus no more (/metrics hangs, all else works)`,
      kind: '/metrics hangs',
      tells: processTells(name),
      calls: 'page',
    },
    METRICS_HANG_MS,
    (stack: GameDayStack) => {
      const pid = pidOf(stack, name);
      stack.setHazard(name, 'metrics-hang');
      return () => {
        // Whoever has mended it before is not disturbed.
        if (pidNow(stack, name) === pid) process.kill(-pid, 'SIGKILL');
      };
    },
  );
}

/** From its 150 MB to the 1.5 GB that are too much, at 100 MB a second. */
const GROWS_MS = 14_000;

export const insideFaults: readonly Fault[] = [
  metricsHang('workers/control'),
  metricsHang('workers/housekeeping'),
  givenNoTasks('workers/control'),
  givenNoTasks('workers/housekeeping'),
  blocked('mcp-coordinator'),
  blocked('workers/execution'),
  inside('workers/agents', 'leak', {
    name: 'workers/agents leaks memory (100 MB a second, up to 2.2 GB)',
    kind: 'memory leaks',
    tells: /^process\/workers\/agents$|^memory|^TradingResourceExhaustion$|^TradingMemory/,
    calls: 'team',
    holdsAfterMs: GROWS_MS,
  }),
  until(
    {
      name: 'the host of a model is not found (DNS)',
      kind: 'DNS fails',
      tells: /^agent\/deepseek$|^breaker\/agents\/deepseek|^TradingCircuitBreakerOpen$|^TradingAgentUnavailable$/,
      wakesNobody: true,
      cause: /EAI_AGAIN/,
    },
    90_000,
    (stack) => {
      stack.setHazard('workers/agents', 'no-names');
      return () => stack.endHazard('workers/agents');
    },
  ),
];
