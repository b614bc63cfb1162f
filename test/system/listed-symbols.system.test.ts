import { expect, it } from 'vitest';
import { makeInstallation } from '../support/installation.ts';

it('a start with a symbol that the exchange does not list is refused with the remedy', {
  timeout: 120_000,
}, async () => {
  const { configure, ports, startAndWait } = await makeInstallation();
  configure({
    operationsPort: ports.operations,
    coordinator: { port: ports.coordinator },
    paperExchange: { port: ports.exchange },
    symbols: ['BTC/USDT', 'NOSUCH/USDT'],
  });
  const { code, stderr } = await startAndWait();
  expect(code).toBe(3);
  expect(stderr).toMatch(/The paper exchange does not list NOSUCH\/USDT: take it out of symbols in .*trading\.yml/);
  expect(stderr).not.toContain('Starting the workers');
});
