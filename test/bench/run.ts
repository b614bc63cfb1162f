import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * All benchmarks, one after the other, on a machine that does nothing else: `npm run bench`, or some of them: `npm run bench -- cycle memory`.
 * Each prints its figures as lines and as one JSON object, and ends with 1 where a bound was missed.
 */
const benches: Record<string, { file: string; args: string[] }[]> = {
  cycle: [
    { file: 'cycle.ts', args: ['--view', 'flat'] },
    { file: 'cycle.ts', args: ['--view', 'turns'] },
  ],
  'paper-exchange': [{ file: 'paper-exchange.ts', args: [] }],
  memory: [{ file: 'memory.ts', args: [] }],
  recovery: [{ file: 'recovery.ts', args: [] }],
  'log-rotation': [{ file: 'log-rotation.ts', args: [] }],
  debate: [{ file: 'debate.ts', args: [] }],
  symbols: [
    { file: 'symbols.ts', args: [] },
    { file: 'symbols.ts', args: ['--symbols', '50', '--candles', '400'] },
  ],
  warehouse: [{ file: 'warehouse.ts', args: [] }],
  history: [{ file: 'history.ts', args: [] }],
  growth: [{ file: 'growth.ts', args: [] }],
  upgrade: [{ file: 'upgrade.ts', args: [] }],
  signals: [{ file: 'signals.ts', args: [] }],
  month: [{ file: 'month.ts', args: [] }],
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in benches));
if (unknown !== undefined) {
  process.stderr.write(`There is no benchmark ${unknown}; there are ${Object.keys(benches).join(', ')}.\n`);
  process.exit(2);
}
for (const name of wanted.length > 0 ? wanted : Object.keys(benches)) {
  for (const { file, args } of benches[name] ?? []) {
    process.stdout.write(`\n${name} ${args.join(' ')}\n`);
    const { status } = spawnSync(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exitCode = 1;
  }
}
