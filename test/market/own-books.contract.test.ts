import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import { marketBufferFile, openMarketBuffer } from '../../stores/market-buffer/open.ts';
import { PAPER, temporaryFolder, temporaryMarketBuffer } from '../support/books.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';

const kept = { sha256: 'a', json: '{}', neededUntilAt: Date.now() + 60_000 };
const others = { code: 'MarketBufferOfOtherBooks', message: expect.stringContaining('journal one; these are two') };

const original = { ...process.env };
let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server.stop());
afterEach(() => {
  process.env = { ...original };
});

async function open(journal: string): Promise<MarketBuffer> {
  const buffer = await openMarketBuffer(PAPER, journal);
  onTestFinished(() => buffer.close());
  return buffer;
}

describe('a market buffer in a file', () => {
  beforeEach(() => {
    process.env['SAPPHIRE_DATA'] = temporaryFolder();
  });

  it('gives nothing to other books than those that it was first opened with, and takes nothing of them', async () => {
    const own = await open('one');
    await own.keep(kept);
    const foreign = await open('two');
    await expect(foreign.kept('a')).rejects.toMatchObject(others);
    await expect(foreign.keep(kept)).rejects.toMatchObject(others);
    await expect(foreign.outbox.append([{ eventId: 'e', kind: 'seen', payload: {} }])).rejects.toMatchObject(others);
    await expect(foreign.outbox.after(0, 1)).rejects.toThrow(
      `The market buffer ${marketBufferFile()} holds the prices`,
    );
    expect(await (await open('one')).kept('a')).toBe('{}');
    expect(await own.outbox.lastSequence()).toBe(0);
  });

  it('of an earlier release belongs to whom it lies beside', async () => {
    const earlier = await temporaryMarketBuffer(process.env['SAPPHIRE_DATA']);
    await earlier.keep(kept);
    await earlier.close();
    expect(marketBufferFile()).toBe(join(process.env['SAPPHIRE_DATA'] ?? '', 'market-buffer.db'));
    expect(await (await open('one')).kept('a')).toBe('{}');
    await expect((await open('two')).kept('a')).rejects.toMatchObject(others);
  });

  it('is the first one’s of several that open it at once', async () => {
    const names = ['one', 'two', 'one', 'two'];
    const ends = await Promise.allSettled(names.map(async (name) => (await open(name)).kept('a')));
    expect(new Set(names.filter((_, place) => ends[place]?.status === 'fulfilled')).size).toBe(1);
  });
});

it('a market buffer in PostgreSQL is refused when it is opened', async () => {
  process.env['SAPPHIRE_DATA'] = temporaryFolder();
  process.env['SAPPHIRE_JOURNAL_URL'] = await server.database();
  await (await open('one')).keep(kept);
  await expect(open('two')).rejects.toMatchObject(others);
  expect(await (await open('one')).kept('a')).toBe('{}');
});
