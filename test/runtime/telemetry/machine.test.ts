import { describe, expect, it } from 'vitest';
import { machineFigures } from '../../../runtime/telemetry/machine.ts';

const GIB = 1_024 ** 3;
const meminfo = 'MemTotal:        8388608 kB\nMemFree:          100 kB\nMemAvailable:    2097152 kB\n';

/** What the kernel tells in these files, and nothing in others. */
const kernel =
  (files: Record<string, string>) =>
  (file: string): string | undefined =>
    files[file];

describe('what a process learns of its machine', () => {
  it('is of its control group, version 2, with files that give way', () => {
    const read = kernel({
      '/proc/meminfo': meminfo,
      '/sys/fs/cgroup/cpu.stat': 'usage_usec 2500000\nuser_usec 2000000\n',
      '/sys/fs/cgroup/memory.current': `${GIB}\n`,
      '/sys/fs/cgroup/memory.max': `${1.5 * GIB}\n`,
      '/sys/fs/cgroup/memory.stat': `anon 5\ninactive_file ${GIB / 4}\nactive_file 7\n`,
    });
    expect(machineFigures(read, 8 * GIB)).toEqual({
      cpuSeconds: 2.5,
      memoryBytes: GIB,
      memoryLimitBytes: 1.5 * GIB,
      memoryAvailableBytes: 0.75 * GIB,
    });
  });

  it('is of the machine where its group has no limit', () => {
    const read = kernel({
      '/proc/meminfo': meminfo,
      '/sys/fs/cgroup/memory.current': `${GIB}\n`,
      '/sys/fs/cgroup/memory.max': 'max\n',
    });
    expect(machineFigures(read, 8 * GIB)).toEqual({
      memoryBytes: GIB,
      memoryLimitBytes: 8 * GIB,
      memoryAvailableBytes: 2 * GIB,
    });
  });

  it('is told by version 1, too, whose limit of none is a number beyond any machine', () => {
    const read = kernel({
      '/proc/meminfo': meminfo,
      '/sys/fs/cgroup/cpuacct/cpuacct.usage': '7000000000\n',
      '/sys/fs/cgroup/memory/memory.usage_in_bytes': `${GIB}\n`,
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    });
    expect(machineFigures(read, 8 * GIB)).toEqual({
      cpuSeconds: 7,
      memoryBytes: GIB,
      memoryLimitBytes: 8 * GIB,
      memoryAvailableBytes: 2 * GIB,
    });
  });

  it('leaves out what no file tells', () => {
    expect(machineFigures(kernel({}), 8 * GIB)).toEqual({ memoryLimitBytes: 8 * GIB });
  });
});
