import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { Client } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CycleRecord } from '../../contracts/cycle.ts';
import { invitationSchema } from '../../contracts/guests.ts';
import type { Money } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import { abstain } from '../../domain/signals/signals.ts';
import { createMarketReader, holdSize } from '../../services/mcp-coordinator/market.ts';
import { connectClient, type Harness, signal, startHarness } from './harness.ts';

let harness: Harness;
let operator: Client;
let guest: Client;
let token: string;
let json: string;
beforeAll(async () => {
  harness = await startHarness();
  operator = await connectClient(harness.url, 'auto');
  const invited = await operator.callTool({
    name: 'invite_agent',
    arguments: { requestId: 'r', agentId: 'reader', role: 'voter', by: 'a test', reason: 'to read' },
  });
  ({ token } = invitationSchema.parse(invited.structuredContent));
  guest = await connectClient(harness.url, 'auto', token);
  await guest.listTools();
  json = (await harness.buffer.newest()) ?? '';
});
afterAll(async () => {
  await guest.close();
  await operator.close();
  await harness.close();
});

const hashOf = (content: string): string => createHash('sha256').update(content).digest('hex');
async function read(name: string, input: Record<string, unknown> = {}, client = guest) {
  const answer = await client.callTool({ name, arguments: input });
  return { ...answer, words: JSON.stringify(answer.content), got: answer.structuredContent as Record<string, unknown> };
}

describe('a guest that reads the market', () => {
  it('gets the snapshot that the others got, by the same hash', async () => {
    const { got, words, isError } = await read('read_snapshot');
    expect(isError, words).toBeFalsy();
    expect(got['sha256']).toBe(hashOf(json));
    expect(hashOf(JSON.stringify(got['snapshot']))).toBe(got['sha256']);
    expect(got['snapshotId']).toBe(hashOf(json).slice(0, 16));
    await harness.buffer.keep({ sha256: hashOf(json), json, neededUntilAt: Date.now() + 60_000 });
    expect((await read('read_snapshot', { sha256: hashOf(json) })).got).toEqual(got);
  });

  it('gets candles and the book of one symbol, as many as it asks for', async () => {
    const snapshot = JSON.parse(json) as {
      symbols: [{ candles: { openAt: number; close: string }[]; book: { bids: unknown[] } }];
    };
    const [{ candles, book }] = snapshot.symbols;
    const { got } = await read('read_candles', { symbol: 'BTC/USDT', limit: 3 });
    expect(got).toMatchObject({ symbol: 'BTC/USDT', timeframe: '1m', sha256: hashOf(json) });
    expect((got['candles'] as unknown[][]).map((candle) => [candle[0], candle[4]])).toEqual(
      candles.slice(-3).map(({ openAt, close }) => [openAt, close]),
    );
    expect((await read('read_book', { symbol: 'BTC/USDT', levels: 2 })).got['bids']).toEqual(book.bids.slice(0, 2));
  });

  it.each([
    ['read_candles', { symbol: 'BTC/USDT', limit: 501 }, /limit/],
    ['read_candles', { symbol: 'DOGE/USDT' }, /DOGE\/USDT is not in the snapshot .*: BTC\/USDT are/],
    ['read_book', { symbol: 'BTC/USDT', levels: 0 }, /levels/],
    ['read_snapshot', { sha256: 'a' }, /64 hexadecimal digits/],
    ['read_snapshot', { sha256: 'b'.repeat(64) }, /no such snapshot/],
    ['read_snapshot', { account: 'main' }, /account/],
  ])('is refused %s %j', async (name, input, why) => {
    const { isError, words } = await read(name, input).catch((error: Error) => ({
      isError: true,
      words: error.message,
    }));
    expect(isError).toBe(true);
    expect(words).toMatch(why);
  });

  it('reads by no token but its own', async () => {
    await expect(connectClient(harness.url, 'auto', 'no token of anybody')).rejects.toThrow();
  });

  it('sees of no cycle what others said before it said something itself, and of none the account', async () => {
    const record = (id: string, spoke: boolean): CycleRecord => ({
      cycleId: tagged<CycleId>(id),
      correlationId: 'c',
      runId: 'run',
      account: 'main',
      mode: 'paper',
      outcome: 'NO_TRADE',
      summary: 'The account has 10000 USDT.',
      startedAt: 1,
      finishedAt: 2,
      epoch: 1,
      snapshot: undefined,
      answers: [
        {
          agentId: 'deepseek',
          opinions: [signal('deepseek')],
          model: 'm',
          version: '1',
          latencyMs: 0,
          tokens: 0,
          costUsd: '0',
        },
        {
          agentId: 'reader',
          opinions: spoke ? [signal('reader')] : abstain('reader', ['BTC/USDT'], 'no_signal', 'brought none'),
          model: 'm',
          version: '1',
          latencyMs: 0,
          tokens: 0,
          costUsd: '0',
        },
      ],
      consensus: undefined,
      plan: undefined,
      orders: [],
      fills: [],
      equity: tagged<Money>('10000'),
    });
    await harness.journal.cycles.record(record('silent', false));
    await harness.journal.cycles.record(record('spoken', true));
    for (const name of ['explain_decision', 'read_consensus']) {
      const { isError, words } = await read(name, { cycleId: 'silent' });
      expect(isError).toBe(true);
      expect(words).toContain('heard no signal of reader');
    }
    await expect(guest.readResource({ uri: 'cycles://silent' })).rejects.toThrow();
    const { got, words } = await read('explain_decision', { cycleId: 'spoken' });
    expect(words).toContain('deepseek');
    expect(words).not.toMatch(/10000|equity|orders/);
    expect(got).not.toHaveProperty('account');
    const { contents } = await guest.readResource({ uri: 'cycles://spoken' });
    expect(JSON.stringify(contents)).not.toMatch(/10000|equity/);
    expect((await read('explain_decision', { cycleId: 'silent' }, operator)).words).toContain('10000');
  });

  it('does what the documentation shows', async () => {
    const page = readFileSync('docs/consensus.md', 'utf8');
    const shown = /```js\n(.*?)```/s.exec(page)?.[1] ?? '';
    const child = spawn(process.execPath, ['--input-type=module', '-e', shown], {
      env: { COORDINATOR: harness.url, TOKEN: token },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    expect(err).toBe('');
    expect(out).toContain('BTC/USDT');
    const [stands] = await harness.journal.guests.standing(0);
    expect(stands).toMatchObject({ signal: { agentId: 'reader', symbol: 'BTC/USDT' }, model: 'my-model' });
  });
});

describe('the reader', () => {
  it('answers so often in a minute, to each its own', async () => {
    let at = 0;
    const { count } = createMarketReader({ newest: async () => undefined, kept: async () => undefined }, () => at);
    for (let index = 0; index < 120; index += 1) count('one');
    expect(() => count('one')).toThrow(/120 times in this minute/);
    expect(() => count('other')).not.toThrow();
    at = 60_000;
    expect(() => count('one')).not.toThrow();
  });

  it('sends no snapshot that is too large for an answer, and says where it lies', () => {
    expect(() => holdSize({ bytes: 1_000_000, sha256: 'x' })).not.toThrow();
    expect(() => holdSize({ bytes: 1_000_001, sha256: 'x' })).toThrow(/\/snapshots\/x/);
  });
});
