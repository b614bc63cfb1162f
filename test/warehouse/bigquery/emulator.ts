import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { pythonEnvironment } from '../../../client/stack/python-environment.ts';
import { freePorts } from '../../support/ports.ts';

/**
 * The package carries the extension of DuckDB that the emulator would else download. A BIGNUMERIC column is given the 38 digits that DuckDB has: as it
 * comes, the emulator asks for 76 and cannot make one.
 */
const launcher = `
import sys
from duckdb_extensions import import_extension
import pyarrow
pyarrow.decimal256 = lambda *_: pyarrow.decimal128(38, 18)
import bqemulator.storage.type_map as types
import_extension("spatial")
types._BQ_TO_DUCKDB["BIGNUMERIC"] = "DECIMAL(38, 18)"
from bqemulator.cli import main
sys.exit(main())
`;

/** bqemulator, in memory: it runs BigQuery's SQL, and is not Google. */
export async function startEmulator(): Promise<{ address: string; storage: string; stop(): Promise<void> }> {
  const python = await pythonEnvironment(
    { name: 'bqemulator', lockFile: 'test/warehouse/bigquery/requirements.lock', python: '>=3.11,<3.13' },
    { onProgress: (message) => process.stdout.write(`${message}\n`) },
  );
  const { rest, grpc } = await freePorts('rest', 'grpc');
  const child = spawn(
    python,
    ['-c', launcher, 'start', '--rest-port', String(rest), '--grpc-port', String(grpc), '--log-level', 'error'],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const address = `http://127.0.0.1:${rest}`;
  for (let tries = 0; ; tries += 1) {
    const answers = await fetch(`${address}/bigquery/v2/projects/p/datasets`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answers) break;
    if (tries > 300 || child.exitCode !== null) throw new Error('bqemulator does not answer');
    await sleep(100);
  }
  return {
    address,
    storage: `http://127.0.0.1:${grpc}`,
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
