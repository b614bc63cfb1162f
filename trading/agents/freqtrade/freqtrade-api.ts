import { z } from 'zod';
import type { AbstentionReason } from '../../../domain/signals/signals.ts';
import { firstFault } from '../answer-check.ts';
import { AnswerTooLong, boundedFetch } from '../bounded-fetch.ts';
import { connectionFault } from '../connection-failure.ts';
import { printable } from '../language-models/reply.ts';
import { AgentUnavailable } from '../port.ts';
import { originOf } from '../probe.ts';

/** Half of the time that an answer has, so that a hung Freqtrade leaves time to say so. */
const CALL_TIMEOUT_MS = 2_000;
/** Candles are asked for with the columns of the signals; only the last one is read. */
const CANDLES_READ = 1;

export interface FreqtradeAccess {
  /** Without `/api/v1`. */
  baseUrl: string;
  username: string;
  password: string;
}

/** An outcome that a second try does not mend. The message is for a person and carries no secret. */
export class FreqtradeRefused extends Error {
  override name = 'FreqtradeRefused';
  readonly reason: AbstentionReason;
  constructor(reason: AbstentionReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

const name = z.string().min(1).max(80).transform(printable);
/** Absent, null and empty are the same: there is none. */
const tag = z
  .string()
  .max(255)
  .nullish()
  .transform((text) => printable(text ?? '') || undefined);

const pongSchema = z.object({ status: z.literal('pong') });

const botSchema = z.object({
  version: z.string().max(40),
  strategy_version: tag,
  bot_name: tag,
  dry_run: z.boolean(),
  state: z.string().max(40),
  // Both are missing while it serves as a web server only.
  strategy: name.nullish(),
  timeframe: name.nullish(),
});
export type Bot = z.output<typeof botSchema>;

const whitelistSchema = z.object({ whitelist: z.array(z.string()) });

const tradesSchema = z.array(
  z.object({
    pair: z.string(),
    is_short: z.boolean(),
    /** 0 while its first order waits to be filled. */
    amount: z.number(),
    open_timestamp: z.int().positive(),
    enter_tag: tag,
  }),
);
export type OpenTrade = z.output<typeof tradesSchema>[number];

const candlesSchema = z.object({
  pair: z.string(),
  timeframe: z.string(),
  timeframe_ms: z
    .int()
    .positive()
    .max(7 * 86_400_000),
  columns: z.array(z.string()),
  data: z.array(z.array(z.unknown())),
});

/** A signal is 1, or whatever pandas leaves where there is none. */
const flag = z
  .union([z.number(), z.boolean()])
  .nullish()
  .transform((value) => value === 1 || value === true);

const candleSchema = z
  .object({
    __date_ts: z.int().positive(),
    close: z.number().positive(),
    enter_long: flag,
    exit_long: flag,
    // A strategy may mark them without trading them: Freqtrade goes short on futures alone.
    enter_short: flag,
    exit_short: flag,
    enter_tag: tag,
    exit_tag: tag,
    signal_strength: z.number().min(0).max(1).nullish(),
  })
  .transform(({ __date_ts: openAt, ...rest }) => ({ openAt, ...rest }));

/** The last candle that the strategy has analysed; it was closed by then. */
export type AnalysedCandle = z.output<typeof candleSchema> & { timeframeMs: number };

/** Freqtrade's REST API, version 2.35 and later, as far as an adviser is read: nothing here changes anything there. */
export interface FreqtradeApi {
  ping(): Promise<void>;
  bot(): Promise<Bot>;
  whitelist(): Promise<string[]>;
  openTrades(): Promise<OpenTrade[]>;
  /** @returns undefined when it has analysed none of the pair yet */
  lastCandle(pair: string, timeframe: string): Promise<AnalysedCandle | undefined>;
}

/**
 * Every call may reject with `AgentUnavailable` (connection, 408, 429, 5xx), `FreqtradeRefused` (`no_key`, `invalid_answer`, `unavailable`) or,
 * once it is aborted, the reason of `signal`.
 */
export function freqtradeApi({ baseUrl, username, password }: FreqtradeAccess, signal: AbortSignal): FreqtradeApi {
  const origin = originOf(baseUrl);
  const root = `${baseUrl.replace(/\/+$/, '')}/api/v1`;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

  async function read<T>(path: string, schema: z.ZodType<T>, body?: Record<string, unknown>): Promise<T> {
    const text = await call(path, body);
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch {
      throw invalid(path, 'it is no JSON');
    }
    const parsed = schema.safeParse(answer);
    if (!parsed.success) throw invalid(path, firstFault(parsed.error));
    return parsed.data;
  }

  async function call(path: string, body?: Record<string, unknown>): Promise<string> {
    let response: Response;
    let text: string | undefined;
    try {
      response = await boundedFetch(`${root}${path}`, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
        redirect: 'error',
        // Whether there is a Freqtrade at all is asked before the password is shown.
        headers: { accept: 'application/json', ...(path === '/ping' ? {} : { authorization }), ...jsonType(body) },
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      });
      text = await textOf(response);
    } catch (error) {
      signal.throwIfAborted();
      const fault = connectionFault(error);
      throw new AgentUnavailable(
        `No Freqtrade answers at ${origin}${fault === undefined ? '' : ` (${fault})`}: start it, or correct agents.freqtrade.baseUrl, or leave that out and use "npm start -- --with freqtrade".`,
      );
    }
    const { status } = response;
    if (status === 401 || status === 403) throw refusedPassword();
    if (status === 408 || status === 429 || status >= 500) {
      throw new AgentUnavailable(`Freqtrade at ${origin} answers ${path} with status ${status} for now.`);
    }
    if (!response.ok) {
      throw new FreqtradeRefused(
        'unavailable',
        `What answers at ${origin} is no Freqtrade that trades: ${path} has status ${status}. Correct agents.freqtrade.baseUrl.`,
      );
    }
    if (text === undefined) throw invalid(path, new AnswerTooLong().message);
    return text;
  }

  function refusedPassword(): FreqtradeRefused {
    return new FreqtradeRefused(
      'no_key',
      `Freqtrade at ${origin} refuses the password of ${username}: agents.freqtrade.username and FREQTRADE_PASSWORD must be those of its api_server section.`,
    );
  }

  function invalid(path: string, fault: string): FreqtradeRefused {
    return new FreqtradeRefused('invalid_answer', `Freqtrade's answer to ${path} does not count: ${fault}.`);
  }

  return {
    ping: async () => void (await read('/ping', pongSchema)),
    bot: () => read('/show_config', botSchema),
    whitelist: async () => (await read('/whitelist', whitelistSchema)).whitelist,
    openTrades: () => read('/status', tradesSchema),
    async lastCandle(pair, timeframe) {
      const path = '/pair_candles';
      const columns = ['signal_strength', 'enter_tag', 'exit_tag'];
      const answer = await read(path, candlesSchema, { pair, timeframe, limit: CANDLES_READ, columns });
      if (answer.pair !== pair || answer.timeframe !== timeframe) {
        throw invalid(
          path,
          `${pair} of ${timeframe} was asked for, ${answer.pair} of ${answer.timeframe} came`.slice(0, 150),
        );
      }
      const row = answer.data.at(-1);
      if (row === undefined) return undefined;
      if (row.length !== answer.columns.length) throw invalid(path, 'its last row and its columns differ in length');
      const candle = candleSchema.safeParse(Object.fromEntries(answer.columns.map((key, index) => [key, row[index]])));
      if (!candle.success) throw invalid(path, firstFault(candle.error));
      return { ...candle.data, timeframeMs: answer.timeframe_ms };
    },
  };
}

function jsonType(body: unknown): Record<string, string> {
  return body === undefined ? {} : { 'content-type': 'application/json' };
}

/** The body, or undefined where it is too long: its status says more than that. */
async function textOf(response: Response): Promise<string | undefined> {
  try {
    return await response.text();
  } catch (error) {
    if (error instanceof AnswerTooLong) return undefined;
    throw error;
  }
}
