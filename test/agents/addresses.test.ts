import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isWebAddress } from '../../contracts/config/web-address.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { addressesIn, loadSecrets } from '../../runtime/configuration/secrets.ts';
import { temporaryFolder } from '../support/books.ts';

const CANARY = 'canary-7c1d';

/** Every address among the agents' settings, and where its secrets belong. */
const settings: [string, (address: string) => unknown, RegExp][] = [
  ['deepseek.baseUrl', (baseUrl) => ({ deepseek: { baseUrl } }), /DEEPSEEK_API_KEY/],
  ['qwen.baseUrl', (baseUrl) => ({ qwen: { baseUrl } }), /DASHSCOPE_API_KEY/],
  ['fingpt.baseUrl', (baseUrl) => ({ fingpt: { baseUrl } }), /FINGPT_API_KEY/],
  [
    'fingpt.news.feeds.1',
    (feed) => ({ fingpt: { news: { feeds: ['https://news.example/rss', feed] } } }),
    /FINGPT_NEWS_FEEDS, or in a file that FINGPT_NEWS_FEEDS_FILE names/,
  ],
  [
    'freqtrade.baseUrl',
    (baseUrl) => ({ freqtrade: { baseUrl } }),
    /agents\.freqtrade\.username and FREQTRADE_PASSWORD/,
  ],
  ['hummingbot.apiUrl', (apiUrl) => ({ hummingbot: { apiUrl } }), /HUMMINGBOT_API_PASSWORD/],
];

/** The refusal of an address, or undefined. */
function refusalOf(setting: (address: string) => unknown, address: string): string | undefined {
  try {
    parseConfiguration({ agents: setting(address) }, 'trading.yml');
    return undefined;
  } catch (error) {
    return String(error);
  }
}

describe.each(settings)('agents.%s', (path, setting, remedy) => {
  it.each([
    `http://user:${CANARY}@host.example/v1`,
    `http://${CANARY}@host.example`,
    `https://host.example/rss?token=${CANARY}`,
    `https://host.example/rss?page=1&auth_token=${CANARY}`,
    `https://host.example/rss?apiKey=${CANARY}#top`,
    `https://host.example/rss?X-Amz-Signature=${CANARY}`,
  ])('refuses what holds a secret, says where it belongs, and does not repeat it: %s', (address) => {
    const refusal = refusalOf(setting, address);
    expect(refusal).toContain(`agents.${path}: must not hold a `);
    expect(refusal).toMatch(remedy);
    expect(refusal).not.toContain(CANARY);
  });

  it.each([
    `file:///etc/passwd`,
    `ftp://user:${CANARY}@host.example/rss`,
    `javascript:alert(1)`,
    `data:text/xml,<rss/>`,
    `http://user:${CANARY}@`,
    `host.example/rss?token=${CANARY}`,
    '//host.example',
    '',
  ])('refuses what is no address of the web, with an example of one: %s', (address) => {
    const refusal = refusalOf(setting, address);
    expect(refusal).toMatch(new RegExp(`agents\\.${path}: must be an address such as https?://`));
    expect(refusal).not.toContain(CANARY);
  });

  it.each([
    'http://127.0.0.1:8000',
    'https://news.example/rss?section=markets&keywords=btc&sort=new',
    'http://[::1]:11434/v1/',
    'https://user.example/a@b',
  ])('takes %s', (address) => expect(refusalOf(setting, address)).toBeUndefined());
});

describe('addresses of feeds with a key', () => {
  beforeEach(() => vi.stubEnv('SAPPHIRE_DATA', temporaryFolder()));
  afterEach(() => vi.unstubAllEnvs());

  it('come from the environment or from a file', () => {
    const feeds = [`https://news.example/rss?token=${CANARY}`, `https://user:${CANARY}@other.example/`];
    vi.stubEnv('FINGPT_NEWS_FEEDS', feeds.join(' '));
    expect(addressesIn(loadSecrets().newsFeeds ?? '')).toEqual(feeds);
    const file = join(temporaryFolder(), 'feeds');
    writeFileSync(file, `${feeds.join('\n')}\n`);
    vi.stubEnv('FINGPT_NEWS_FEEDS_FILE', file);
    expect(addressesIn(loadSecrets().newsFeeds ?? '')).toEqual(feeds);
  });

  it.each([
    [
      'FINGPT_NEWS_FEEDS',
      `file:///${CANARY} https://news.example/rss`,
      /FINGPT_NEWS_FEEDS is not valid: must be http or https addresses/,
    ],
    [
      'SAPPHIRE_JOURNAL_URL',
      `mysql://user:${CANARY}@host/db`,
      /SAPPHIRE_JOURNAL_URL is not valid: must be the address of a PostgreSQL/,
    ],
  ])('and any other secret that is faulty is not shown: %s', (variable, value, message) => {
    vi.stubEnv(variable, value);
    expect(() => loadSecrets()).toThrow(message);
    expect(() => loadSecrets()).not.toThrow(CANARY);
  });

  it.each([
    ['https://news.example', true],
    ['HTTP://NEWS.EXAMPLE', true],
    ['file:///etc/passwd', false],
    ['', false],
  ])('%j is an address of the web: %s', (text, is) => expect(isWebAddress(text)).toBe(is));
});
