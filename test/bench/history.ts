import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectFolder } from '../../runtime/configuration/folders.ts';

/**
 * What cycles leave in Temporal by the number of their symbols, all six agents answering at length: one that orders each symbol, one that orders none, and
 * each order, in bytes as the server counts them. It is the test of the bounds, for more numbers. Usage: node test/bench/history.ts [--symbols 1,2,3,6,12]
 */
const { values } = parseArgs({ options: { symbols: { type: 'string', default: '1,2,3,6,12' } } });
const { status } = spawnSync(
  process.execPath,
  [
    join('node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--project',
    'proof',
    'test/workflow/history-size.proof.test.ts',
  ],
  { cwd: projectFolder, stdio: 'inherit', env: { ...process.env, HISTORY_SYMBOLS: values.symbols } },
);
process.exitCode = status ?? 1;
