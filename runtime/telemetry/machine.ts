import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

/** Of this process's control group or, of memory, the machine where that is smaller. Missing is what the system does not tell. */
export interface MachineFigures {
  /** Processor time that the group has used. */
  cpuSeconds?: number;
  /** What the group holds, files that are kept in memory among it. */
  memoryBytes?: number;
  /** The most that this process and those beside it may hold. */
  memoryLimitBytes: number;
  /** Of that limit, what could still be taken: files that are kept in memory give way. */
  memoryAvailableBytes?: number;
}

type Read = (file: string) => string | undefined;

const MICROSECONDS = 1e6;
const NANOSECONDS = 1e9;

function readSystemFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Control groups of version 2, else 1, as the kernel mounts them; in a container its own group is the root of what it sees. */
export function machineFigures(read: Read = readSystemFile, machineBytes: number = totalmem()): MachineFigures {
  const figure = (file: string): number | undefined => numberIn(read(`/sys/fs/cgroup/${file}`));
  const usageMicros = fieldIn(read('/sys/fs/cgroup/cpu.stat'), 'usage_usec');
  const usageNanos = figure('cpuacct/cpuacct.usage');
  const cpuSeconds = usageMicros === undefined ? usageNanos && usageNanos / NANOSECONDS : usageMicros / MICROSECONDS;
  const memoryBytes = figure('memory.current') ?? figure('memory/memory.usage_in_bytes');
  const groupLimit = figure('memory.max') ?? figure('memory/memory.limit_in_bytes');
  const memoryLimitBytes = Math.min(machineBytes, groupLimit ?? Number.POSITIVE_INFINITY);
  const machineFree = fieldIn(read('/proc/meminfo'), 'MemAvailable:');
  const files = fieldIn(
    read('/sys/fs/cgroup/memory.stat') ?? read('/sys/fs/cgroup/memory/memory.stat'),
    'inactive_file',
  );
  const isLimited = groupLimit !== undefined && groupLimit < machineBytes;
  const free = [
    ...(machineFree === undefined ? [] : [machineFree * 1_024]),
    ...(isLimited && memoryBytes !== undefined ? [groupLimit - memoryBytes + (files ?? 0)] : []),
  ];
  return {
    memoryLimitBytes,
    ...(cpuSeconds === undefined ? {} : { cpuSeconds }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(free.length === 0 ? {} : { memoryAvailableBytes: Math.max(0, Math.min(...free)) }),
  };
}

/** No limit is the word `max`. */
function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

function fieldIn(text: string | undefined, name: string): number | undefined {
  const line = text?.split('\n').find((each) => each.startsWith(`${name} `) || each.startsWith(`${name}\t`));
  return numberIn(line?.slice(name.length).replace(/kB$/, '').trim());
}
