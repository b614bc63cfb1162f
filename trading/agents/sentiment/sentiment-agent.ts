import { z } from 'zod';
import type { AgentsConfiguration } from '../../../contracts/config/agents.ts';
import type { NewsRated } from '../../../contracts/market-events.ts';
import type { AgentRequest } from '../../../contracts/signals.ts';
import { candlesIn, timeframeOf } from '../../../domain/market/frames.ts';
import type { SymbolSnapshot } from '../../../domain/market/market.ts';
import { closingPrices } from '../../../domain/signals/baseline.ts';
import { distinct, MARKET_WIDE, type NewsItem, relevanceTo } from '../../../domain/signals/news.ts';
import type { SeatId } from '../../../domain/signals/seats.ts';
import { isNeutral, type RatedNews, sentimentView } from '../../../domain/signals/sentiment.ts';
import { type AbstentionReason, type AgentAnswer, abstain, type Opinion } from '../../../domain/signals/signals.ts';
import {
  logReturns,
  outcomeProbabilities,
  standardDeviation,
  uncertaintyOver,
} from '../../../domain/statistics/statistics.ts';
import { shortened } from '../answer-check.ts';
import { CompletionRefused } from '../language-models/completion.ts';
import type { ModelCalls } from '../language-models/metering.ts';
import { SENTIMENT_VERSION } from '../language-models/prompts/sentiment-1.ts';
import { type Agent, freeAnswer, symbolsOf } from '../port.ts';
import { originOf, probe } from '../probe.ts';
import type { NewsSource } from './news/port.ts';
import type { SentimentSeat } from './seats.ts';
import { createSentimentModel, isOneOf, type RateNews } from './sentiment-model.ts';

const MINUTE_MS = 60_000;
const MIN_CANDLES = 30;
/** Of the 20 s that a cycle gives: what was rated by then counts, and goes on from there in the next cycle. */
const RATING_MS = 15_000;

const modelListSchema = z.object({ data: z.array(z.object({ id: z.string() })) });

export interface SentimentSettings {
  /** Of a server that speaks OpenAI's completions; without `/v1`. */
  baseUrl?: string | undefined;
  /** Names under which its model may be served; any other is refused. */
  models: readonly string[];
  apiKey?: string | undefined;
  news: AgentsConfiguration['fingpt']['news'];
}

/** Keeps what was rated for those who learn from it; never throws. */
export type RememberNews = (rated: NewsRated) => Promise<void>;

type Seat = SentimentSeat<SeatId>;

/** A sentence and its reason where there can be no view. */
type Refusal = { reason: AbstentionReason; detail: string };

/**
 * Sentiment of news, by a model behind an OpenAI-compatible server. What the news says is data: a story only ever becomes one of three labels,
 * however it is worded.
 */
export function createSentimentAgent<Id extends SeatId>(
  seat: SentimentSeat<Id>,
  settings: SentimentSettings,
  sources: readonly NewsSource[],
  calls: ModelCalls,
  remember: RememberNews,
  ratingMs: number = RATING_MS,
): Agent<Id> {
  const { baseUrl } = settings;
  const rate = baseUrl === undefined ? undefined : createSentimentModel(seat, { ...settings, baseUrl }, calls);
  return {
    id: seat.id,
    async answer(request, signal) {
      const over = AbortSignal.timeout(ratingMs);
      const found = await inspect(seat, settings, sources, signal);
      if ('reason' in found || !rate) return refused(seat, request, 'reason' in found ? found : noEndpoint(seat));
      const news = await readNews(settings, sources, request.snapshot.takenAt, signal);
      try {
        return await viewOf(request, found.model, news, { seat, settings, rate, remember }, signal, over);
      } catch (error) {
        if (!(error instanceof CompletionRefused)) throw error;
        return refused(seat, request, { reason: error.reason, detail: error.message });
      }
    },
  };
}

function refused({ id }: Seat, request: AgentRequest, { reason, detail }: Refusal): AgentAnswer {
  const opinions = abstain(id, symbolsOf(request), reason, shortened(detail));
  return freeAnswer({ agentId: id, model: 'none', version: SENTIMENT_VERSION }, opinions);
}

function noEndpoint({ noServer }: Seat): Refusal {
  return { reason: 'no_endpoint', detail: noServer };
}

/** The model that is served under one of the configured names, or what is missing. */
async function inspect(
  seat: Seat,
  { baseUrl, models, apiKey }: SentimentSettings,
  sources: readonly NewsSource[],
  signal: AbortSignal,
): Promise<{ model: string } | Refusal> {
  if (baseUrl === undefined) return noEndpoint(seat);
  const list = modelListSchema.safeParse(await probe(baseUrl, '/v1/models', signal, apiKey));
  if (!list.success) {
    const detail = `${originOf(baseUrl)} gives no list of models at /v1/models: ${seat.mend}.`;
    return { reason: 'unavailable', detail };
  }
  const served = list.data.data.map(({ id }) => id);
  const model = served.find((id) => isOneOf(models, id));
  if (model !== undefined && sources.length > 0) return { model: model.slice(0, 80) };
  if (model !== undefined) {
    const detail =
      'There is no news to rate: set agents.fingpt.news.publicFeeds to true, agents.fingpt.news.feeds to RSS or Atom addresses (FINGPT_NEWS_FEEDS to those with a key), or agents.fingpt.news.file.';
    return { reason: 'not_configured', detail };
  }
  const detail = `${originOf(baseUrl)} serves ${served.slice(0, 3).join(', ') || 'no model'}, and none of ${seat.accepted} (${models[0]}, …).`;
  return { reason: 'wrong_model', detail: shortened(detail) };
}

interface News {
  items: NewsItem[];
  /** Why a source could not be read. */
  faults: string[];
}

async function readNews(
  { news: { maxAgeMinutes } }: SentimentSettings,
  sources: readonly NewsSource[],
  now: number,
  signal: AbortSignal,
): Promise<News> {
  const read = await Promise.allSettled(
    sources.map((source) => source.latest(now - maxAgeMinutes * MINUTE_MS, signal)),
  );
  signal.throwIfAborted();
  return {
    // What claims to be from the future is not news of this moment.
    items: read
      .flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
      .filter((item) => item.publishedAt <= now),
    faults: read.flatMap((each) => (each.status === 'rejected' ? [(each.reason as Error).message] : [])),
  };
}

interface Rating {
  seat: Seat;
  settings: SentimentSettings;
  rate: RateNews;
  remember: RememberNews;
}

async function viewOf(
  request: AgentRequest,
  model: string,
  news: News,
  rating: Rating,
  signal: AbortSignal,
  over: AbortSignal,
): Promise<AgentAnswer> {
  const either = AbortSignal.any([signal, over]);
  let tokens = 0;
  const opinions: Opinion[] = [];
  // One after the other: it is the same story for several symbols, and a server of one GPU.
  for (const snapshot of request.snapshot.symbols) {
    const rated = await rateFor(snapshot, request, model, news, rating, either).catch((error: unknown) => {
      if (signal.aborted || !over.aborted) throw error;
      return undefined;
    });
    tokens += rated?.tokens ?? 0;
    opinions.push(
      ...(rated
        ? [opinionOn(snapshot, request, rated, news, rating)]
        : abstain(rating.seat.id, [snapshot.instrument.symbol], 'timeout', UNRATED)),
    );
  }
  return {
    agentId: rating.seat.id,
    opinions,
    model,
    version: SENTIMENT_VERSION,
    latencyMs: 0,
    tokens,
    costUsd: '0',
  };
}

const UNRATED = 'Its news were not all rated in time: a story is rated once, so that the next cycle goes on from here.';

type RatedItem = RatedNews & { title: string };

interface Rated {
  items: RatedItem[];
  /** How many there were to rate. */
  found: number;
  tokens: number;
}

async function rateFor(
  { instrument: { symbol, base } }: SymbolSnapshot,
  { cycleId, snapshot: { takenAt } }: AgentRequest,
  model: string,
  { items }: News,
  { seat, settings, rate, remember }: Rating,
  signal: AbortSignal,
): Promise<Rated> {
  const rated: RatedItem[] = [];
  let tokens = 0;
  const found = distinct(items)
    .map((item) => ({ item, relevance: relevanceTo(item, base) }))
    .filter(({ relevance }) => relevance > 0)
    .toSorted((one, other) => other.relevance - one.relevance)
    .slice(0, settings.news.maxItems);
  for (const { item, relevance } of found) {
    signal.throwIfAborted();
    const answer = await rate(cycleId, model, item, signal);
    tokens += answer?.tokens ?? 0;
    if (answer) {
      await remember({ agentId: seat.id, symbol, item, sentiment: answer.sentiment, model });
      rated.push({
        sentiment: answer.sentiment,
        ageMs: takenAt - item.publishedAt,
        source: item.source,
        relevance,
        title: item.title,
      });
    }
  }
  return { items: rated, found: found.length, tokens };
}

function opinionOn(
  snapshot: SymbolSnapshot,
  { snapshot: { takenAt }, horizonMs }: AgentRequest,
  { items, found }: Rated,
  { faults }: News,
  {
    seat: { id: agentId },
    settings: {
      news: { maxAgeMinutes },
    },
  }: Rating,
): Opinion {
  const { symbol, base } = snapshot.instrument;
  const silent = (reason: AbstentionReason, detail: string): Opinion => ({
    kind: 'abstention',
    agentId,
    symbol,
    reason,
    detail: shortened(detail),
  });
  const missing = (detail: string): Opinion => silent('not_enough_data', detail);
  if (items.length === 0) {
    const none = `No news of ${base} or of the whole market`;
    // What could not be read is not "no news".
    if (faults.length > 0) return missing(`${none} within ${maxAgeMinutes} minutes (${faults.join('; ')}).`);
    if (found > 0) return missing(`The model gave no label to any of ${found} pieces of news of ${base}.`);
    return silent('no_view', `${none} within ${maxAgeMinutes} minutes.`);
  }
  const closes = closingPrices(snapshot.candles);
  if (closes === undefined || closes.length < MIN_CANDLES) {
    return missing(
      `The volatility needs ${MIN_CANDLES} candles of ${timeframeOf(snapshot)} with a price; there are ${snapshot.candles.length}.`,
    );
  }
  const uncertainty = uncertaintyOver(standardDeviation(logReturns(closes)), candlesIn(horizonMs, snapshot));
  const view = sentimentView(items, uncertainty);
  const { score, expectedReturn, conviction } = view;
  const count = (label: 'positive' | 'negative'): number =>
    items.filter(({ sentiment }) => sentiment[label] >= 0.5).length;
  const ofMarket = items.filter(({ relevance }) => relevance === MARKET_WIDE).length;
  const words = `${items.length} pieces of news${ofMarket > 0 ? `, ${ofMarket} of the whole market` : ''}, ${count('positive')} positive and ${count('negative')} negative; sentiment ${score.toFixed(2)}`;
  if (isNeutral(view)) return silent('no_view', `${words}: nothing that leans either way.`);
  return {
    kind: 'signal',
    agentId,
    symbol,
    probabilities: outcomeProbabilities(expectedReturn, uncertainty),
    expectedReturn,
    uncertainty,
    conviction,
    horizonMs,
    validUntilAt: takenAt + horizonMs,
    rationale: `${words}.`,
    evidence: items.slice(0, 8).map(({ source, title }) => shortened(`${source}: ${title}`, 120)),
  };
}
