import { globSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { decimal, text } from '../../domain/money/money.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { keptSecret, writePrivateFile } from '../../runtime/configuration/private-file.ts';
import type { EngineAccount } from './account.ts';
import { INSTANCE, type Login } from './broker.ts';

/** Seconds after which a quote that was not taken is priced again. */
const REFRESH_SECONDS = 10;
/** Of the account's money, what the quotes of one symbol are worth together. */
const QUOTED_SHARE = 0.1;

/**
 * Everything that the engine reads and writes, below the data folder: links to its package and to our strategy, its configuration, its logs.
 *
 * @returns path of the private file that the launcher reads
 */
export function prepareFolder(
  configuration: Configuration,
  python: string,
  account: EngineAccount,
  login: Login,
): string {
  const root = join(dataFolder(), 'hummingbot');
  const folders = [
    'conf/scripts',
    'conf/controllers',
    'conf/connectors',
    'conf/strategies',
    'logs',
    'data',
    'controllers',
  ];
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true, mode: 0o700 });
  link(packageOf(python), join(root, 'hummingbot'));
  link(join(import.meta.dirname, 'scripts'), join(root, 'scripts'));
  link(join(import.meta.dirname, 'controllers', 'market_making'), join(root, 'controllers', 'market_making'));

  const controllers = configuration.symbols.map((symbol) => controllerOf(symbol, configuration));
  for (const controller of controllers) {
    writeFileSync(join(root, 'conf', 'controllers', `${controller.id}.yml`), stringify(controller));
  }
  const strategy = { script_file_name: 'sapphire.py', controllers_config: controllers.map(({ id }) => `${id}.yml`) };
  writeFileSync(join(root, 'conf', 'scripts', 'sapphire.yml'), stringify(strategy));

  const file = join(root, 'engine.json');
  const settings = {
    root,
    rest: account.urls.rest,
    streams: account.urls.ws,
    socketApi: account.urls.wsApi,
    apiKey: account.apiKey,
    secret: account.secret,
    // Of the engine's own key store; what is stored can be read with no other.
    password: keptSecret(join(root, 'password')),
    mqttPort: configuration.agents.hummingbot.mqttPort,
    mqttUsername: login.username,
    mqttPassword: login.password,
    instance: INSTANCE,
  };
  writePrivateFile(file, JSON.stringify(settings, null, 2));
  return file;
}

function controllerOf(symbol: string, { agents: { hummingbot }, symbols }: Configuration) {
  const quoted = text(decimal(hummingbot.paperBalance).times(QUOTED_SHARE).div(symbols.length));
  return {
    id: symbol.replace('/', '-'),
    controller_name: 'sapphire_quotes',
    controller_type: 'market_making',
    connector_name: 'binance',
    trading_pair: symbol.replace('/', '-'),
    total_amount_quote: quoted,
    // Multiples of the half-spread that the controller computes.
    buy_spreads: '1,2',
    sell_spreads: '1,2',
    buy_amounts_pct: '50,50',
    sell_amounts_pct: '50,50',
    executor_refresh_time: REFRESH_SECONDS,
    cooldown_time: 5,
    leverage: 1,
    position_mode: 'ONEWAY',
    skip_rebalance: true,
    risk_factor: String(hummingbot.riskFactor),
    target_base_quote: text(decimal(hummingbot.paperBalance).div(symbols.length)),
  };
}

function link(target: string, path: string): void {
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

function packageOf(python: string): string {
  const [found] = globSync(join(dirname(dirname(python)), 'lib', 'python3*', 'site-packages', 'hummingbot'));
  if (found !== undefined) return found;
  throw new UserError(
    'EngineNotInstalled',
    `${python} has no Hummingbot: "npm start -- --with hummingbot" installs it.`,
  );
}
