import { UserError } from '../../contracts/errors.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { loadSecrets, secretValues } from '../../runtime/configuration/secrets.ts';
import { createLogger } from '../../runtime/telemetry/logger.ts';
import { announceProgress, announceReady, onShutdown } from '../../runtime/telemetry/process.ts';
import { startTracing } from '../../runtime/telemetry/trace-export.ts';
import { outliveConnections } from '../door.ts';
import { startPaperExchange } from './server.ts';

// What it makes is its user's alone, whoever starts it.
process.umask(0o077);
try {
  const { paperExchange, symbols, logLevel, mode } = loadConfiguration();
  const secrets = loadSecrets();
  const logger = createLogger({ process: 'paper-exchange', level: logLevel, secrets: secretValues(secrets) });
  outliveConnections(logger);
  const stopTracing = await startTracing({ process: 'paper-exchange', mode, secrets: secretValues(secrets), logger });
  const server = await startPaperExchange({
    configuration: paperExchange,
    symbols,
    dataFolder: dataFolder(),
    adminToken: secrets.paperAdminToken,
    logger,
    onProgress: announceProgress,
  });
  onShutdown(async () => {
    await server.close();
    await stopTracing();
  });
  announceReady(server.url);
} catch (error) {
  process.stderr.write(`paper-exchange: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof UserError ? error.exitCode : 1);
}
