import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configuredPolicy, portfolios as portfoliosOf } from '../../contracts/config/schema.ts';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { loadSecrets, secretValues, storeSecrets } from '../../runtime/configuration/secrets.ts';
import { temporalAccess } from '../../runtime/configuration/temporal.ts';
import { temporaryFolder } from '../support/books.ts';
import { manySymbols } from '../support/many-symbols.ts';

describe('the configuration', () => {
  const read = (value: unknown) => parseConfiguration(value, 'trading.yml');

  const portfolios = (core: number, satellite: number, symbol = 'ETH/USDT') => ({
    allocation: {
      portfolios: [
        { name: 'core', share: core, symbols: ['BTC/USDT'] },
        { name: 'satellite', share: satellite, symbols: [symbol] },
      ],
    },
  });

  const lagLlama = (settings: Record<string, unknown>) => ({ agents: { 'lag-llama': settings } });

  it('takes fifty symbols, on a paper market that lists them', () => {
    expect(read({ ...manySymbols(50), cycle: { candles: 400 } }).symbols).toHaveLength(50);
  });

  it('shows in trading.yml what holds without it, but that a fresh clone demonstrates itself', () => {
    const shipped: unknown = parse(readFileSync(join(projectFolder, 'trading.yml'), 'utf8'));
    expect(read(shipped)).toEqual(read({ demo: true }));
    expect(read({}).demo).toBe(false);
  });

  it.each([
    [{ mode: 'real' }, /^trading\.yml is not valid\. mode: must be one of paper, live \(it is "real"\)\.$/],
    [{ symbols: ['btc/usdt'] }, /symbols\.0: must be BASE\/QUOTE in capitals.*\(it is "btc\/usdt"\)/],
    [{ symbols: [] }, /symbols: /],
    [{ symbols: manySymbols(51).symbols }, /symbols: may name 50 at most/],
    [{ cycle: { intervalSeconds: 1 } }, /cycle\.intervalSeconds: .*30.*\(it is 1\)/],
    [{ risk: { maxOrderNotional: '1e3' } }, /risk\.maxOrderNotional: must be a decimal number in plain notation/],
    [
      { risk: { maxOrderNotional: 2500 } },
      /risk\.maxOrderNotional: must be a decimal number in quotes.*\(it is 2500\)/,
    ],
    [{ risk: { maxOrderNotional: '0' } }, /must be above zero/],
    [{ risk: { reduceDrawdown: 0.08, maxDrawdown: 0.07 } }, /risk\.reduceDrawdown: must not be above maxDrawdown/],
    [{ risk: { maxDrawdown: 0.1 } }, /risk\.maxDrawdown: must be below 0\.1: .*\(it is 0\.1\)/],
    [portfolios(0.7, 0.4), /allocation\.portfolios: shares add up to 1\.1000, at most 1 is allowed/],
    [portfolios(0.7, 0.3, 'SOL/USDT'), /allocation\.portfolios: SOL\/USDT is not among the configured symbols/],
    [portfolios(0.7, 0.3, 'BTC/USDT'), /allocation\.portfolios: BTC\/USDT stands in two portfolios/],
    [{ allocation: { method: 'hope' } }, /allocation\.method: must be one of kelly, volatility \(it is "hope"\)/],
    [
      { execution: { style: 'iceberg' } },
      /execution\.style: must be one of limit, market, chase, post_only \(it is "iceberg"\)/,
    ],
    [{ execution: { chaseSubmissions: 1 } }, /execution\.chaseSubmissions: .*2.*\(it is 1\)/],
    [{ participation: { agents: { nobody: {} } } }, /participation\.agents\.nobody: there is no such agent/],
    [{ participation: { vetoConviction: 2 } }, /participation\.vetoConviction: .*1.*\(it is 2\)/],
    [{ paperExchange: { market: { kind: 'casino' } } }, /paperExchange\.market/],
    [{ agents: { deepseek: { baseUrl: 'not a url' } } }, /agents\.deepseek\.baseUrl: .*\(it is "not a url"\)/],
    [lagLlama({ checkpoint: 'weights.bin' }), /agents\.lag-llama\.checkpoint: must be the path of a \.safetensors/],
    [lagLlama({ checkpoint: 'weights.ckpt' }), /agents\.lag-llama\.sha256: is missing: a \.ckpt is a pickle/],
    [lagLlama({ checkpoint: 'weights.ckpt', sha256: 'ABC' }), /agents\.lag-llama\.sha256: must be 64 hexadecimal/],
    [lagLlama({ checkpoint: 'a.safetensors', hub: 'owner/name' }), /agents\.lag-llama\.hub: stands beside checkpoint/],
    [lagLlama({ hub: 'https://example.org' }), /agents\.lag-llama\.hub: must be OWNER\/NAME/],
    [
      { risk: { maxSnapshotAgeSeconds: 10 } },
      /risk\.maxSnapshotAgeSeconds: must be at least 45: the agents have 30 s .* \(it is 10\)/,
    ],
    [
      { cycle: { intervalSeconds: 60 }, participation: { deadlineSeconds: 50 } },
      /risk\.maxSnapshotAgeSeconds: must be at least 65/,
    ],
    [
      { cycle: { horizonMinutes: 1 }, risk: { maxSnapshotAgeSeconds: 61 } },
      /risk\.maxSnapshotAgeSeconds: must not be above cycle\.horizonMinutes, 60 s/,
    ],
    [
      { retention: { decisionDays: 5 } },
      /retention\.decisionDays: must not be below retention\.outboxDays, 7: .*lost.*\(it is 5\)/,
    ],
    [
      { retention: { tradingDays: 20 } },
      /retention\.decisionDays: must not be above retention\.tradingDays, 20: .*\(it is 30\)/,
    ],
    [
      { retention: { decisionDays: 1, outboxDays: 1 }, cycle: { horizonMinutes: 1_441 } },
      /retention\.decisionDays: must be at least cycle\.horizonMinutes, 1441, in days: .*scored/,
    ],
    [
      { participation: { deadlineSeconds: 31 } },
      /participation\.deadlineSeconds: must not be above cycle\.intervalSeconds, 30/,
    ],
    [
      { agents: { qwen: { timeoutSeconds: 31 } } },
      /agents\.qwen\.timeoutSeconds: must not be above participation\.deadlineSeconds, 30/,
    ],
    [
      { agents: { qwen: { askEverySeconds: 120, timeoutSeconds: 121 } } },
      /agents\.qwen\.timeoutSeconds: must not be above agents\.qwen\.askEverySeconds, 120/,
    ],
    [
      { agents: { 'lag-llama': { askEverySeconds: 3_601 } } },
      /agents\.lag-llama\.askEverySeconds: must not be above cycle\.horizonMinutes, 3600 s: .*\(it is 3601\)/,
    ],
    [{ agents: { qwen: { askEverySeconds: 59 } } }, /agents\.qwen\.askEverySeconds: .*60/],
    [
      { risk: { minHoldingSeconds: 43_200 } },
      /risk\.minHoldingSeconds: must be below protection\.timeLimitMinutes, 43200 s: every position would be closed before .* \(it is 43200\)/,
    ],
    [
      { protection: { timeLimitMinutes: 5 }, risk: { minHoldingSeconds: 300 } },
      /risk\.minHoldingSeconds: must be below protection\.timeLimitMinutes, 300 s/,
    ],
    [{ risk: { maxPriceAgeSeconds: 1 } }, /risk\.maxPriceAgeSeconds: .*2.*\(it is 1\)/],
    [{ account: 'Main Account' }, /account: must be a short lower-case name/],
    ['just text', /the whole: /],
    [{ one: 1, two: 2 }, /unknown key "one"; unknown key "two"/],
  ])('refuses %j by naming the key, its fault and what is allowed', (value, message) => {
    const refuse = (): unknown => read(value);
    expect(refuse).toThrow(message);
    expect(refuse).toThrow(UserError);
    expect(refuse).toThrow(expect.objectContaining({ exitCode: ExitCode.notConfigured }));
  });

  it.each([0.1, 0.35])('takes portfolios whose shares add up to 1, by floats too: %d and the rest', (share) => {
    expect(read(portfolios(share, 1 - share)).allocation.portfolios).toHaveLength(2);
  });

  it('takes times that are long together', () => {
    const { risk } = read({
      cycle: { intervalSeconds: 300 },
      participation: { deadlineSeconds: 120 },
      agents: { deepseek: { timeoutSeconds: 40 } },
      risk: { maxSnapshotAgeSeconds: 135 },
    });
    expect(risk).toMatchObject({ maxSnapshotAgeSeconds: 135, maxPriceAgeSeconds: 10 });
  });

  it.each([
    { protection: { timeLimitMinutes: 5 }, risk: { minHoldingSeconds: 299 } },
    { risk: { minHoldingSeconds: 43_199 } },
    { risk: { minHoldingSeconds: 86_400 }, protection: { stopLoss: 0.1 } },
    { risk: { minHoldingSeconds: 86_400 }, protection: { enabled: false, timeLimitMinutes: 1 } },
    { risk: { minHoldingSeconds: 0, reentryPauseSeconds: 0 }, protection: { timeLimitMinutes: 1 } },
  ])('takes %j: no time limit comes before a signal may close', (value) => {
    expect(read(value)).toMatchObject(value);
  });

  it('has one portfolio of everything where none is named', () => {
    const { symbols } = read({});
    expect(portfoliosOf(read({}))).toEqual([{ name: 'main', share: 1, symbols }]);
    expect(portfoliosOf(read(portfolios(0.5, 0.2))).map(({ name }) => name)).toEqual(['core', 'satellite']);
  });

  it('slices no order that the default limit lets through: a paper cycle is not slowed down', () => {
    const { execution, risk } = read({});
    expect(Number(execution.sliceAboveNotional)).toBeGreaterThanOrEqual(Number(risk.maxOrderNotional));
  });

  it('names all faults at once', () => {
    expect(() => read({ mode: 'x', cycle: { candles: 1 }, wat: 1 })).toThrow(
      /mode: .*cycle\.candles: .*unknown key "wat"/,
    );
  });

  it.each([
    [{}, 1],
    [{ profile: 'production' }, 3],
    [{ profile: 'production', participation: { quorumCount: 2 } }, 2],
  ])('%j needs %i for a quorum', (value, count) => expect(configuredPolicy(read(value)).quorumCount).toBe(count));
});

describe('secrets', () => {
  const original = { ...process.env };
  afterEach(() => {
    process.env = { ...original };
  });

  it('are made once, kept for the owner alone, and overruled by the environment and by files that it names', () => {
    const folder = temporaryFolder();
    process.env['SAPPHIRE_DATA'] = folder;
    const made = loadSecrets();
    expect(made.coordinatorToken).toMatch(/^[0-9a-f]{48}$/);
    expect(loadSecrets()).toEqual(made);
    expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600);

    storeSecrets({ exchangeApiKey: 'stored-key', exchangeSecret: 'stored-secret' });
    writeFileSync(join(folder, 'key'), 'key-from-a-file\n');
    process.env['DEEPSEEK_API_KEY_FILE'] = join(folder, 'key');
    process.env['SAPPHIRE_EXCHANGE_API_KEY'] = 'from-the-environment';
    const all = loadSecrets();
    expect(all).toMatchObject({
      exchangeApiKey: 'from-the-environment',
      exchangeSecret: 'stored-secret',
      deepseekApiKey: 'key-from-a-file',
    });
    expect(secretValues(all)).toEqual(
      expect.arrayContaining(['from-the-environment', 'key-from-a-file', made.paperAdminToken]),
    );
    expect(readFileSync(join(folder, 'secrets.json'), 'utf8')).not.toContain('key-from-a-file');
  });

  it('refuses a token that is too short, without showing it in full', () => {
    process.env['SAPPHIRE_DATA'] = temporaryFolder();
    process.env['SAPPHIRE_COORDINATOR_TOKEN'] = 'short';
    expect(() => loadSecrets()).toThrow(/^SAPPHIRE_COORDINATOR_TOKEN is not valid: (?!.*short)/);
  });
});

describe('the Temporal server', () => {
  it.each([
    [{}, { address: '127.0.0.1:7233', namespace: 'sapphire', tls: false, grpcCompression: { codec: 'none' } }],
    [
      { TEMPORAL_ADDRESS: 'temporal.example:7233', TEMPORAL_NAMESPACE: 'desk' },
      { address: 'temporal.example:7233', namespace: 'desk', tls: false },
    ],
    [
      { TEMPORAL_ADDRESS: 'desk.tmprl.cloud:7233', TEMPORAL_API_KEY: 'k' },
      { address: 'desk.tmprl.cloud:7233', namespace: 'sapphire', tls: {}, apiKey: 'k' },
    ],
    [
      { TEMPORAL_TLS: 'true' },
      { address: '127.0.0.1:7233', namespace: 'sapphire', tls: {}, grpcCompression: { codec: 'none' } },
    ],
  ])('%j', (environment, access) => expect(temporalAccess(environment)).toEqual(access));

  it('reads client certificates', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'tls'));
    const file = (name: string): string => {
      const path = join(folder, 'tls', name);
      writeFileSync(path, name);
      return path;
    };
    const access = temporalAccess({
      TEMPORAL_TLS_CLIENT_CERT_PATH: file('cert'),
      TEMPORAL_TLS_CLIENT_KEY_PATH: file('key'),
    });
    expect(access.tls).toEqual({ clientCertPair: { crt: Buffer.from('cert'), key: Buffer.from('key') } });
  });
});
