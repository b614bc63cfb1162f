import { userInfo } from 'node:os';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { loadSecrets, secretValues } from '../../runtime/configuration/secrets.ts';
import { createLogger } from '../../runtime/telemetry/logger.ts';
import { announceReady, onShutdown } from '../../runtime/telemetry/process.ts';
import { startTracing } from '../../runtime/telemetry/trace-export.ts';
import { outliveConnections } from '../../services/door.ts';
import { openTools } from './open-tools.ts';
import { serveApi } from './serve.ts';

async function main(): Promise<void> {
  const configuration = loadConfiguration();
  const secrets = loadSecrets();
  const { mode, logLevel } = configuration;
  const logger = createLogger({ process: 'api', level: logLevel, secrets: secretValues(secrets) });
  outliveConnections(logger);
  const stopTracing = await startTracing({ process: 'api', mode, secrets: secretValues(secrets), logger });
  const tools = openTools(configuration, secrets, logger);
  const served = await serveApi(tools, secrets.apiToken, userInfo().username);
  onShutdown(async () => {
    await served.close();
    await tools.close();
    await stopTracing();
  });
  announceReady(served.url);
  logger.info({ url: served.url }, 'ready');
}

// What it makes is its user's alone, whoever starts it.
process.umask(0o077);
try {
  await main();
} catch (error) {
  const message = error instanceof UserError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${message}\n`);
  process.exitCode = error instanceof UserError ? error.exitCode : ExitCode.failure;
}
