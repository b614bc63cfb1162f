import { z } from 'zod';
import { ExitCode, UserError } from '../../../contracts/errors.ts';
import { loadSecrets } from '../../../runtime/configuration/secrets.ts';
import { announceReady, onShutdown } from '../../../runtime/telemetry/process.ts';
import { startWebUi } from './server.ts';

// `main.ts MODE LISTEN UPSTREAM`, each of the places as HOST:PORT.
const place = z.string().transform((text) => {
  const { hostname, port } = new URL(`http://${text}`);
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
});
const argumentsSchema = z.tuple([z.enum(['paper', 'live']), place, place]);

try {
  const [mode, listen, upstream] = argumentsSchema.parse(process.argv.slice(2));
  const token = mode === 'live' ? { token: loadSecrets().webUiToken } : {};
  const webUi = await startWebUi({ listen, upstream, names: [listen.host], ...token });
  onShutdown(() => webUi.close());
  announceReady(webUi.url);
} catch (error) {
  process.stderr.write(`web-ui: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UserError ? error.exitCode : ExitCode.failure;
}
