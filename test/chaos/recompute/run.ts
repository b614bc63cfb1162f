import { startPostgres } from '../../support/postgres.ts';
import { runLive } from './live.ts';

/** One run for the test beside it, in a process of its own: `node test/chaos/recompute/run.ts sqlite|postgres`. */
const server = process.argv[2] === 'postgres' ? await startPostgres() : undefined;
try {
  if (server) process.env['SAPPHIRE_JOURNAL_URL'] = await server.database();
  const startedAt = Date.now();
  const report = await runLive((words) =>
    process.stderr.write(`${Math.round((Date.now() - startedAt) / 1_000)} s  ${words}\n`),
  );
  process.stdout.write(`${JSON.stringify(report, null, 1)}\n`);
  process.exitCode = report.violations.length > 0 ? 1 : 0;
} finally {
  await server?.stop();
}
process.exit();
