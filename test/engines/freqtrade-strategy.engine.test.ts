import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { engineRequirements, prepareEngines } from '../../client/stack/engines.ts';
import { pythonEnvironment } from '../../client/stack/python-environment.ts';
import { createSupervisor, type Supervisor } from '../../client/stack/supervisor.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import { createAgents } from '../../trading/agents/create.ts';
import { freqtradeConfiguration } from '../../workers/freqtrade/configuration.ts';
import { checkStrategy, copyStrategy } from '../../workers/freqtrade/strategy.ts';
import { ask, forgetNews, uncounted } from '../agents/agents.ts';
import { healthyRequest } from '../agents/market.ts';
import { silent, startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';
import { temporaryFolder } from '../support/books.ts';
import { freePort } from '../support/ports.ts';

const INSTALL_TIMEOUT_MS = 600_000;
const CHECK_TIMEOUT_MS = 60_000;
const START_TIMEOUT_MS = 120_000;

let folder: string;
let python: string;
beforeAll(async () => {
  python = await pythonEnvironment(engineRequirements.freqtrade);
  folder = temporaryFolder();
}, INSTALL_TIMEOUT_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const head = 'from freqtrade.strategy import IStrategy\n';
/** A strategy that marks a short entry on every candle, and would trade none of them on a spot market. */
const classOf = (name: string, more = '', base = 'IStrategy'): string => `
class ${name}(${base}):
    timeframe = "1m"
    stoploss = -0.1
    ${more}
    def populate_indicators(self, dataframe, metadata):
        dataframe["signal_strength"] = 0.75
        return dataframe
    def populate_entry_trend(self, dataframe, metadata):
        dataframe["enter_short"] = 1
        dataframe["enter_tag"] = "always"
        return dataframe
    def populate_exit_trend(self, dataframe, metadata):
        return dataframe
`;

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

describe('the real Freqtrade', { timeout: CHECK_TIMEOUT_MS }, () => {
  async function checked(strategy: string, strategyClass?: string): Promise<string> {
    const copied = copyStrategy({ strategy }, join(folder, 'copy'));
    if (!copied) throw new Error('nothing was copied');
    const secrets = { password: 'p'.repeat(48), signingKey: 'k'.repeat(64) };
    const settings = freqtradeConfiguration(parseConfiguration({}, 'the test'), secrets);
    const configFile = write('config.json', JSON.stringify(settings));
    return (await checkStrategy(python, { strategy, strategyClass }, copied, configFile)).name;
  }

  it('loads the only strategy of a file, whatever it prints', async () => {
    expect(await checked(write('one/mine.py', `${head}print("loading")\n${classOf('Mine')}`))).toBe('Mine');
  });

  it('loads one of several, which imports another of its folder', async () => {
    write('set/base.py', head + classOf('Base'));
    write('set/mine.py', `from base import Base\n${classOf('Mine', '', 'Base')}`);
    expect(await checked(join(folder, 'set'), 'Mine')).toBe('Mine');
    await expect(checked(join(folder, 'set'))).rejects.toMatchObject({
      code: 'StrategyUnusable',
      message: expect.stringMatching(/holds Base, Mine: say in agents\.freqtrade\.strategyClass which/),
    });
    await expect(checked(join(folder, 'set'), 'Yours')).rejects.toThrow('holds no Yours, but Base, Mine: correct');
  });

  it.each([
    [
      'shorts on a spot market',
      head + classOf('Mine', 'can_short = True'),
      /set can_short = False in Mine; what it marks/,
    ],
    ['a slip of the pen', `${head}${classOf('Mine')})`, /can load: Could not import mine\.py due to 'unmatched '\)'/],
    [
      'a package that is not there',
      `import not_installed\n${head}${classOf('Mine')}`,
      /No module named 'not_installed'/,
    ],
    ['an error of its own', `${head}1 / 0\n${classOf('Mine')}`, /can load: ZeroDivisionError: division by zero/],
    ['an end of everything', `${head}raise SystemExit(0)\n`, /can load: SystemExit: 0/],
    ['a class that Freqtrade refuses', head + classOf('Mine', 'order_types = {}'), /Order-types mapping is incomplete/],
    ['no strategy', 'x = 1\n', /holds no class that extends Freqtrade's IStrategy/],
  ])('says what is wrong with %s', async (_name, text, said) => {
    await expect(checked(write('wrong/mine.py', text))).rejects.toThrow(said);
  });
});

describe('beside the stack', () => {
  let exchange: TestExchange;
  let supervisor: Supervisor;
  let port: number;
  const leftOut: string[] = [];

  beforeAll(async () => {
    vi.stubEnv('SAPPHIRE_DATA', join(folder, 'data'));
    vi.stubEnv('SAPPHIRE_CONFIG', join(folder, 'trading.yml'));
    exchange = await startTestExchange();
    port = await freePort();
    supervisor = createSupervisor({
      logFolder: join(folder, 'logs'),
      environment: {},
      logger: silent,
      onLeftOut: (message) => leftOut.push(message),
    });
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await supervisor?.stop();
    await exchange?.close();
    vi.unstubAllEnvs();
  });

  async function start(strategy: string): Promise<void> {
    const settings = {
      paperExchange: { port: exchange.configuration.port },
      agents: { freqtrade: { port, strategy } },
    };
    write('trading.yml', stringify(settings));
    await supervisor.start(await prepareEngines(['freqtrade'], parseConfiguration(settings, 'the test'), {}));
  }

  async function answer(): Promise<AgentAnswer> {
    const { agents } = parseConfiguration({ agents: { freqtrade: { port } } }, 'the test');
    const parts = { secrets: loadSecrets(), modelCalls: uncounted, rememberNews: forgetNews };
    const agent = createAgents({ configuration: { agents }, engines: ['freqtrade'], ...parts })['freqtrade'];
    if (!agent) throw new Error('freqtrade is not built');
    const request = healthyRequest();
    // The time of the test, so that the candle is of now; its prices are those of no market that Freqtrade sees.
    const takenAt = Date.now();
    const symbols = request.snapshot.symbols.map((symbol) => ({
      ...symbol,
      candles: symbol.candles.map((candle) => ({ ...candle, openAt: candle.openAt - 86_400_000 })),
    }));
    return (await ask(agent, { ...request, snapshot: { ...request.snapshot, takenAt, symbols } }, { attempt: 2 }))
      .answer;
  }

  it('a strategy that cannot run is left out at the start, with its reason', {
    timeout: START_TIMEOUT_MS,
  }, async () => {
    const path = write('wrong/mine.py', head + classOf('Mine', 'can_short = True'));
    await start(path);
    expect(leftOut.join()).toMatch(/engines\/freqtrade did not start .*set can_short = False in Mine/s);
  });

  it('one of the user’s is run, named, and heard short', { timeout: START_TIMEOUT_MS }, async () => {
    await supervisor.stop();
    supervisor = createSupervisor({ logFolder: join(folder, 'logs'), environment: {}, logger: silent });
    await start(write('one/mine.py', head + classOf('Mine')));
    const deadline = Date.now() + START_TIMEOUT_MS - 30_000;
    let said = await answer();
    while (said.opinions[0]?.kind !== 'signal' && Date.now() < deadline) {
      await sleep(500);
      said = await answer();
    }
    expect(said).toMatchObject({
      model: 'Mine',
      version: expect.stringMatching(/^freqtrade 2026\.9 strategy [0-9a-f]{8}$/),
    });
    const [btc] = said.opinions;
    if (btc?.kind !== 'signal') throw new Error(JSON.stringify(said.opinions));
    expect(btc.rationale).toBe("Freqtrade's Mine on 1m candles: it enters short (always).");
    expect(btc.expectedReturn).toBeLessThan(0);
    expect(btc.evidence).toContain('short entry (always)');
    expect(readFileSync(join(folder, 'logs', 'engines-freqtrade.log'), 'utf8')).toMatch(
      /Freqtrade runs Mine of .*mine\.py, as it is now \([0-9a-f]{8}\)/,
    );
  });
});
