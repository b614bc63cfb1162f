import { describe, expect, it } from 'vitest';
import { profileSchema, readProfile } from '../../client/stack/profile.ts';
import { hostText } from '../../contracts/config/host.ts';
import { coordinatorUrl, healthEndpoints, paperExchangeUrl } from '../../runtime/configuration/addresses.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';

describe('a host to listen on', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['localhost', 'localhost'],
    ['paper-exchange', 'paper-exchange'],
    ['exchange.svc.cluster.local', 'exchange.svc.cluster.local'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['FD00::0001', 'fd00::1'],
  ])('%s', (text, host) => expect(hostText.parse(text)).toBe(host));

  it.each([
    '',
    ' ',
    'a b',
    'http://host',
    'host:80',
    '[::1]:80',
    '300.1.1.1',
    '1.2.3',
    'fe80::1%eth0',
    'host/path',
    '-x',
    '::g',
  ])('"%s" is none', (text) => expect(hostText.safeParse(text).success).toBe(false));

  it('stands in brackets in every address that is made of it, when it is of IPv6', () => {
    const configuration = parseConfiguration(
      { coordinator: { host: '::1', port: 8081 }, paperExchange: { host: '::1', port: 8092 } },
      'trading.yml',
    );
    expect(coordinatorUrl(configuration)).toBe('http://[::1]:8081/mcp');
    expect(paperExchangeUrl(configuration)).toBe('http://[::1]:8092');
    expect(healthEndpoints(configuration).map(({ url }) => url)).toContain('http://[::1]:8081');
  });

  it('of the development server is none of IPv6, where its services would not find each other', () => {
    const profile = readProfile();
    for (const host of ['::1', '[::1]', '::']) {
      const { success, error } = profileSchema.safeParse({ ...profile, temporal: { ...profile.temporal, host } });
      expect(success).toBe(false);
      expect(error?.issues).toMatchObject([
        { path: ['temporal', 'host'], message: expect.stringContaining('must be an IPv4 address or a name') },
      ]);
    }
  });

  it('is refused by its key', () => {
    for (const key of ['coordinator', 'paperExchange']) {
      expect(() => parseConfiguration({ [key]: { host: 'http://x' } }, 'trading.yml')).toThrow(
        new RegExp(`${key}\\.host: must be an address or a name without scheme and port.*\\(it is "http://x"\\)`),
      );
    }
  });
});
