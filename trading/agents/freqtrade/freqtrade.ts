import { isBrokenCircuitError } from 'cockatiel';
import type { AgentRequest } from '../../../contracts/signals.ts';
import type { SymbolSnapshot } from '../../../domain/market/market.ts';
import { type AbstentionReason, type AgentAnswer, abstain, type Opinion } from '../../../domain/signals/signals.ts';
import { createBreaker } from '../../../runtime/telemetry/breaker.ts';
import { shortened } from '../answer-check.ts';
import { type Agent, AgentUnavailable, freeAnswer, symbolsOf } from '../port.ts';
import { type Bot, type FreqtradeAccess, type FreqtradeApi, FreqtradeRefused, freqtradeApi } from './freqtrade-api.ts';
import { type Finding, freqtradeView } from './freqtrade-view.ts';

/** States in which it goes on analysing; paused, it opens no trade of its own. */
const ANALYSING = ['running', 'paused'];
const MAX_VERSION = 60;

export interface FreqtradeSettings extends Omit<FreqtradeAccess, 'password'> {
  password: string | undefined;
}

/**
 * Freqtrade as an adviser: a bot with an account of its own, which is asked anew in each cycle what its strategy makes of the market.
 * @param settings undefined where none is configured and none runs beside the stack
 */
export function createFreqtrade(settings: FreqtradeSettings | undefined): Agent<'freqtrade'> {
  const breaker = createBreaker('agents', 'freqtrade', (error) => isHealthFailure(error));
  return {
    id: 'freqtrade',
    async answer(request, signal) {
      try {
        const access = accessOf(settings);
        return await breaker.execute(() => answer(freqtradeApi(access, signal), request)).catch(whenLeftAlone);
      } catch (error) {
        if (!(error instanceof FreqtradeRefused)) throw error;
        return freeAnswer(
          { agentId: 'freqtrade', model: 'none', version: 'no answer' },
          silence(symbolsOf(request), error),
        );
      }
    },
  };
}

/** Its health, unlike what it refuses us. */
function isHealthFailure(error: unknown): boolean {
  const refusedFor = error instanceof FreqtradeRefused ? error.reason : undefined;
  return error instanceof AgentUnavailable || refusedFor === 'unavailable' || refusedFor === 'timeout';
}

function whenLeftAlone(error: unknown): never {
  if (!isBrokenCircuitError(error)) throw error;
  throw new FreqtradeRefused(
    'unavailable',
    'Freqtrade failed five times in a row and is left alone; it is tried again ten seconds after the last failure.',
  );
}

function accessOf(settings: FreqtradeSettings | undefined): FreqtradeAccess {
  if (settings === undefined) {
    throw new FreqtradeRefused(
      'no_endpoint',
      'Start one with "npm start -- --with freqtrade", or set agents.freqtrade.baseUrl to the REST API of your own.',
    );
  }
  const { password, ...rest } = settings;
  if (password === undefined) {
    throw new FreqtradeRefused(
      'no_key',
      `Set FREQTRADE_PASSWORD, or FREQTRADE_PASSWORD_FILE to a file that holds it, to the password of ${settings.username} at agents.freqtrade.baseUrl.`,
    );
  }
  return { ...rest, password };
}

async function answer(api: FreqtradeApi, request: AgentRequest): Promise<AgentAnswer> {
  await api.ping();
  const bot = analysing(await api.bot());
  const [pairs, trades] = await Promise.all([api.whitelist(), api.openTrades()]);
  const opinions = await Promise.all(
    request.snapshot.symbols.map(async (symbol) => {
      const pair = symbol.instrument.symbol;
      const trade = trades.find((one) => one.pair === pair && one.amount > 0);
      const find = async (): Promise<Finding> => ({ bot, trade, candle: await api.lastCandle(pair, bot.timeframe) });
      return pairs.includes(pair) ? opinionOn(symbol, request, find) : notWatched(pair);
    }),
  );
  const version = `freqtrade ${bot.version} strategy ${strategyVersion(bot)}`;
  return freeAnswer(
    { agentId: 'freqtrade', model: bot.strategy, version: shortened(version, MAX_VERSION) },
    opinions.flat(),
  );
}

/** Of a strategy that the engine beside the stack has copied, the digest of its files as well: what was changed is another version. */
function strategyVersion({ strategy_version: said, bot_name: name }: Bot): string {
  const digest = /^sapphire ([0-9a-f]{8})$/.exec(name ?? '')?.[1];
  return [said, digest].filter((each) => each !== undefined).join(' ') || 'without version';
}

function analysing(bot: Bot): Bot & { strategy: string; timeframe: string } {
  const { state, strategy, timeframe } = bot;
  if (!ANALYSING.includes(state) || !strategy || !timeframe) {
    throw new FreqtradeRefused(
      'unavailable',
      `Freqtrade is in the state "${state}" and analyses nothing: run it with "freqtrade trade", and /start it if it was stopped.`,
    );
  }
  return { ...bot, strategy, timeframe };
}

async function opinionOn(
  symbol: SymbolSnapshot,
  request: AgentRequest,
  find: () => Promise<Finding>,
): Promise<Opinion[]> {
  try {
    return [freqtradeView(symbol, await find(), request)];
  } catch (error) {
    if (error instanceof FreqtradeRefused) return silence([symbol.instrument.symbol], error);
    throw error;
  }
}

function notWatched(pair: string): Opinion[] {
  const detail = `Freqtrade does not watch ${pair}: add it to the pair_whitelist of its exchange.`;
  return abstain('freqtrade', [pair], 'not_configured', detail);
}

function silence(
  symbols: readonly string[],
  { reason, message }: { reason: AbstentionReason; message: string },
): Opinion[] {
  return abstain('freqtrade', symbols, reason, shortened(message));
}
