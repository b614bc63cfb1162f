import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { followFile } from '../../stores/market-buffer/following.ts';
import type { MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import { temporaryFolder, temporaryMarketBuffer } from '../support/books.ts';

const opened: MarketBuffer[] = [];
afterAll(() => Promise.all(opened.map((buffer) => buffer.close())));

function followed(folder: string): { buffer: MarketBuffer; opens: () => number } {
  let opens = 0;
  const buffer = followFile(join(folder, 'market-buffer.db'), () => {
    opens += 1;
    return temporaryMarketBuffer(folder);
  });
  opened.push(buffer);
  return { buffer, opens: () => opens };
}

const kept = (sha256: string, forMs = 60_000) => ({
  sha256,
  json: `{"of":"${sha256}"}`,
  neededUntilAt: Date.now() + forMs,
});

describe('a market buffer that lies in a file', () => {
  it('is opened once, by whatever needs it first', async () => {
    const { buffer, opens } = followed(temporaryFolder());
    expect(opens()).toBe(0);
    await Promise.all([buffer.keep(kept('a')), buffer.keep(kept('b')), buffer.outbox.lastSequence()]);
    expect([await buffer.kept('a'), await buffer.kept('b'), opens()]).toEqual(['{"of":"a"}', '{"of":"b"}', 1]);
  });

  it('is the one at its path, for whoever had the one that was deleted as for who comes later', async () => {
    const folder = temporaryFolder();
    const [cycles, agents] = [followed(folder).buffer, followed(folder).buffer];
    await cycles.keep(kept('a'));
    expect(await agents.kept('a')).toBe('{"of":"a"}');
    for (const end of ['', '-wal', '-shm']) rmSync(join(folder, `market-buffer.db${end}`), { force: true });
    await cycles.keep(kept('b'));
    expect([await agents.kept('a'), await agents.kept('b')]).toEqual([undefined, '{"of":"b"}']);
    const { buffer: late } = followed(folder);
    expect(await late.kept('b')).toBe('{"of":"b"}');
  });

  it('fails its questions alone while it cannot be opened, and answers once the file was moved away', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'market-buffer.db');
    writeFileSync(file, 'neither SQLite nor anything else '.repeat(300));
    const { buffer } = followed(folder);
    for (let n = 0; n < 2; n += 1) await expect(buffer.keep(kept('a'))).rejects.toThrow(/not a database/);
    await expect(buffer.outbox.lastSequence()).rejects.toThrow(/not a database/);
    renameSync(file, `${file}.broken`);
    await buffer.keep(kept('a'));
    expect(await buffer.kept('a')).toBe('{"of":"a"}');
    expect(readFileSync(`${file}.broken`, 'utf8')).toContain('neither');
  });
});

describe('a snapshot that two cycles need', () => {
  it('is kept for the longer of them, and made whole by the second', async () => {
    const buffer = await temporaryMarketBuffer();
    opened.push(buffer);
    await buffer.keep({ ...kept('a'), json: 'cut sh' });
    await buffer.keep(kept('a', -1));
    await buffer.keep(kept('b'));
    expect(await buffer.kept('a')).toBe('{"of":"a"}');
  });
});
