import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setInterval } from 'node:timers/promises';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import type { EngineState } from '../../contracts/hummingbot.ts';
import { hummingbotEngineUrl } from '../../runtime/configuration/addresses.ts';
import { hummingbotEngineToken } from '../../runtime/configuration/engines.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { environmentOf } from '../../runtime/configuration/process-environment.ts';
import { loadSecrets, secretValues } from '../../runtime/configuration/secrets.ts';
import { createLogger } from '../../runtime/telemetry/logger.ts';
import { announceReady, onShutdown } from '../../runtime/telemetry/process.ts';
import { openJournal } from '../../stores/journal/open.ts';
import { refuseOtherMarket } from '../../trading/control/bind-account.ts';
import { marketAccess } from '../../venues/access.ts';
import { openVenue } from '../../venues/open.ts';
import { cancelEverything, ENGINE_ACCOUNT, ensureEngineAccount } from './account.ts';
import { makeLogin, openEngineLine } from './broker.ts';
import { prepareFolder } from './folder.ts';
import { startEngineServer } from './server.ts';

const WATCH_MS = 250;
/** From the request to stop until SIGKILL: the engine cancels its orders first. */
const STOP_TIMEOUT_MS = 5_000;

/**
 * Hummingbot's engine on the paper exchange, with an account of its own. Ready when its controllers report. A stop halts it too: it is ended, and
 * what it left open is cancelled; after the resume it is started anew. This process ends with an engine that ended unasked.
 */
async function main(): Promise<void> {
  const configuration = loadConfiguration();
  const secrets = loadSecrets();
  const python = process.env['SAPPHIRE_PYTHON'];
  if (!python) {
    throw new UserError(
      'EngineNotInstalled',
      'SAPPHIRE_PYTHON names no Python that has Hummingbot: "npm start -- --with hummingbot" installs one and starts this.',
    );
  }
  if (configuration.mode === 'live') {
    throw new UserError(
      'EngineOnPaperOnly',
      'Sapphire runs Hummingbot’s engine on the paper exchange alone: start without --with hummingbot in live mode.',
    );
  }
  const login = makeLogin();
  const token = hummingbotEngineToken(dataFolder());
  const logger = createLogger({
    process: 'engines/hummingbot',
    level: configuration.logLevel,
    secrets: [...secretValues(secrets), login.password, token],
  });
  const journal = await openJournal(configuration);
  await refuseOtherMarket({ journal, venue: openVenue(marketAccess(configuration)), configuration });
  const account = await ensureEngineAccount(configuration, secrets);
  const settings = prepareFolder(configuration, python, account, login);
  const line = await openEngineLine(configuration.agents.hummingbot.mqttPort, login, logger);

  let engine: ChildProcess | undefined;
  let state: EngineState['state'] = 'starting';
  let closing = false;
  let restarting = false;
  const ended = new AbortController();
  const serving = Promise.withResolvers<void>();

  const isHalted = async (): Promise<boolean> =>
    (await journal.control.read(configuration.account)).tradingState === 'halted';

  function startEngine(): void {
    state = 'starting';
    const started = spawn(python ?? '', [join(import.meta.dirname, 'launcher.py'), settings], {
      stdio: ['pipe', 2, 2],
      // A program of others: it gets no share of ours.
      env: environmentOf('hummingbot'),
    });
    engine = started;
    started.once('exit', (code, signal) => {
      if (engine !== started) return;
      engine = undefined;
      line.forget();
      // What a dead engine left open is nobody's: gone before the supervisor starts the next one.
      void cancelEverything(account).finally(() =>
        fail(new Error(`Hummingbot ended with ${signal ?? `exit code ${code}`}`)),
      );
    });
  }

  async function stopEngine(): Promise<void> {
    const running = engine;
    engine = undefined;
    if (running) {
      const exited = new Promise((resolve) => running.once('exit', resolve));
      line.askToStop();
      running.kill('SIGTERM');
      // Not only by the engine, which takes its time; what it places meanwhile is cancelled once it has ended.
      await cancelEverything(account).catch(() => 0);
      const late = setTimeout(() => running.kill('SIGKILL'), STOP_TIMEOUT_MS);
      if (running.exitCode === null && running.signalCode === null) await exited;
      clearTimeout(late);
    }
    line.forget();
    const left = await cancelEverything(account);
    if (left > 0) logger.warn({ left }, 'open orders of the engine were cancelled');
  }

  /** What quotes no more is ended in order; the next look starts it anew, unless a stop came in between. */
  async function restart(): Promise<void> {
    restarting = true;
    await stopEngine().finally(() => {
      restarting = false;
    });
    logger.warn('the engine was ended and starts anew');
  }

  /** One look at the books and the engine. Books that cannot be read are taken for a stop. */
  async function look(): Promise<void> {
    const halted = await isHalted().catch(() => true);
    if (closing || restarting) return;
    if (halted && state !== 'halted') {
      await stopEngine();
      state = 'halted';
      logger.info({ account: ENGINE_ACCOUNT }, 'halted');
    } else if (!halted && !engine) startEngine();
    else if (state === 'starting' && line.controllers().some(({ view }) => view !== undefined)) state = 'quoting';
    if (state !== 'starting') serving.resolve();
  }

  const url = hummingbotEngineUrl(configuration);
  const closeServer = await startEngineServer({
    port: configuration.agents.hummingbot.port,
    token,
    state: () => ({ state, account: ENGINE_ACCOUNT, controllers: line.controllers() }),
    restart,
  });

  onShutdown(async () => {
    closing = true;
    ended.abort();
    await stopEngine();
    closeServer();
    await line.close();
    await journal.close();
  });
  const looking = (async () => {
    for await (const _ of setInterval(WATCH_MS, undefined, { signal: ended.signal })) await look();
  })();
  looking.catch((error: unknown) => {
    if (!closing) fail(error);
  });
  await serving.promise;
  announceReady(url);
  logger.info({ url, account: ENGINE_ACCOUNT }, 'ready');
}

function fail(error: unknown): never {
  const message = error instanceof UserError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${message}\n`);
  process.exit(error instanceof UserError ? error.exitCode : ExitCode.failure);
}

process.umask(0o077);
await main().catch(fail);
