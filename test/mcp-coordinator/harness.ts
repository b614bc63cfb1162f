import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { riskSchema } from '../../contracts/config/schema.ts';
import type { ConsensusRequest } from '../../contracts/consensus.ts';
import { type PolicySettings, policySchema } from '../../contracts/participation.ts';
import { defaultParticipation, perAgent } from '../../domain/consensus/participation.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import type { Signal } from '../../domain/signals/signals.ts';
import { createLogger } from '../../runtime/telemetry/logger.ts';
import { startCoordinator } from '../../services/mcp-coordinator/server.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';
import type { MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import { bookAround, candlesOf, symbolSnapshot, walk } from '../agents/market.ts';
import { PAPER, temporaryMarketBuffer } from '../support/books.ts';

export const TOKEN = 'a-token-of-the-tests-0123456789';
export const TAKEN_AT = 1_800_000_000_000;
export const HORIZON_MS = 3_600_000;

export interface Harness {
  url: string;
  origin: string;
  journal: Journal;
  buffer: MarketBuffer;
  /** The log's lines, parsed. */
  lines: Record<string, unknown>[];
  /** Stops the server and starts it again on the same port with the same journal. */
  restart(): Promise<void>;
  /** Stops the server alone. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** 80 % a year: 85 basis points over an hour. */
const seen = { count: 120, seed: 5, start: 60_000, volatilityPerYear: 0.8 };
const candles = candlesOf(walk(seen));
const marketAt = (takenAt: number): string =>
  JSON.stringify({ takenAt, symbols: [symbolSnapshot('BTC/USDT', candles, bookAround(60_000))] });

/** A coordinator on a free port over a SQLite journal in a folder of its own, and a market buffer in which a cycle has looked at BTC. */
export async function startHarness(
  options: {
    policy?: Partial<PolicySettings>;
    looked?: boolean;
    lookedAt?: number;
    wrap?(journal: Journal): Journal;
  } = {},
): Promise<Harness> {
  const folder = mkdtempSync(join(tmpdir(), 'sapphire-coordinator-'));
  const opened = await openSqliteJournal(join(folder, 'journal.db'), PAPER);
  const journal = options.wrap?.(opened) ?? opened;
  const buffer = await temporaryMarketBuffer(folder);
  const json = marketAt(options.lookedAt ?? Date.now());
  if (options.looked ?? true) await buffer.keep({ sha256: 'a', json, neededUntilAt: Date.now() + 3_600_000 });
  await journal.risk.adopt('main', riskSchema.parse({}));
  await journal.participation.seed(perAgent(defaultParticipation));
  await journal.policy.adopt('main', policySchema.parse({ quorumCount: 1, ...options.policy }));
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    process: 'services/mcp-coordinator',
    level: 'debug',
    secrets: [TOKEN],
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  const start = (port: number) =>
    startCoordinator({
      host: '127.0.0.1',
      port,
      token: TOKEN,
      journal,
      snapshots: buffer,
      account: 'main',
      symbols: ['BTC/USDT'],
      horizonMs: HORIZON_MS,
      demo: true,
      logger,
    });
  let running = await start(0);
  const { url } = running;
  const port = Number(new URL(url).port);
  return {
    url,
    origin: new URL(url).origin,
    journal,
    buffer,
    lines,
    stop: () => running.close(),
    async restart() {
      await running.close();
      running = await start(port);
    },
    async close() {
      await running.close();
      await buffer.close();
      await opened.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The protocol's own client, as any other program would use it. */
export async function connectClient(
  url: string,
  mode: 'legacy' | 'auto',
  token: string | undefined = TOKEN,
): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  const headers: Record<string, string> = { 'x-correlation-id': 'test-correlation' };
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}

export function signal(agentId: AgentId, changes: Partial<Signal> = {}): Signal {
  return {
    kind: 'signal',
    agentId,
    symbol: 'BTC/USDT',
    probabilities: { up: 0.6, flat: 0.3, down: 0.1 },
    expectedReturn: 0.002,
    uncertainty: 0.01,
    conviction: 0.5,
    horizonMs: HORIZON_MS,
    validUntilAt: TAKEN_AT + HORIZON_MS,
    rationale: 'because',
    evidence: ['a candle'],
    ...changes,
  };
}

export function request(cycleId: string, signals: Signal[]): ConsensusRequest {
  return {
    cycleId: tagged(cycleId),
    symbols: ['BTC/USDT'],
    takenAt: TAKEN_AT,
    horizonMs: HORIZON_MS,
    answers: signals.map((each) => ({
      agentId: each.agentId,
      opinions: [each],
      model: 'm',
      version: '1',
      latencyMs: 3,
      tokens: 0,
      costUsd: '0',
    })),
  };
}
