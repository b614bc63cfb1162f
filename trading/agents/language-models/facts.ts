import type { AgentScoreRecord } from '../../../contracts/scores.ts';
import type { AgentRequest } from '../../../contracts/signals.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import { distinct, type NewsItem, relevanceTo } from '../../../domain/signals/news.ts';
import type { NewsSource } from '../sentiment/news/port.ts';
import type { Facts } from './prompts/prompt.ts';

const MINUTE_MS = 60_000;
const NEWS_AGE_MS = 4 * 60 * MINUTE_MS;
const MAX_HEADLINES = 4;
/** Feeds have five seconds of their own, and a model needs the time. */
const NEWS_WAIT_MS = 5_000;
/** Fewer independent horizons say more of luck than of a model. */
const MIN_HORIZONS = 20;

/** What a model may hear beside the numbers; whatever of it is missing is said to be. */
export interface Beside {
  /** Of an agent, as it was scored last. */
  scoreOf?: ((agentId: AgentId) => Promise<AgentScoreRecord | undefined>) | undefined;
  /** That FinGPT reads as well: each is fetched once for all. */
  news?: readonly NewsSource[] | undefined;
}

/** Of a question: its facts, and the headlines of each symbol by its name. */
export interface Heard {
  facts: Facts;
  headlines: ReadonlyMap<string, string[]>;
}

export async function hear(
  agentId: AgentId,
  { snapshot, horizonMs }: AgentRequest,
  { scoreOf, news = [] }: Beside,
  signal: AbortSignal,
): Promise<Heard> {
  const [score, read] = await Promise.all([
    // A record that cannot be read is one that is not known: the view counts without it.
    scoreOf?.(agentId).catch(() => undefined),
    headlinesOf(snapshot, news, AbortSignal.any([signal, AbortSignal.timeout(NEWS_WAIT_MS)])),
  ]);
  const { takenAt } = snapshot;
  const record = score && recordText(score);
  const withoutNews = typeof read === 'string' ? read : undefined;
  return {
    facts: { takenAt, horizonMinutes: horizonMs / MINUTE_MS, record, withoutNews },
    headlines: typeof read === 'string' ? new Map() : read,
  };
}

async function headlinesOf(
  { symbols, takenAt }: AgentRequest['snapshot'],
  sources: readonly NewsSource[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string[]> | string> {
  if (sources.length === 0) return 'nobody reads any here';
  const read = await Promise.allSettled(sources.map((source) => source.latest(takenAt - NEWS_AGE_MS, signal)));
  const fulfilled = read.filter((each) => each.status === 'fulfilled');
  if (fulfilled.length === 0) return 'they could not be read';
  const items = distinct(fulfilled.flatMap(({ value }) => value).filter(({ publishedAt }) => publishedAt <= takenAt));
  return new Map(
    symbols.map(({ instrument: { symbol, base } }) => [symbol, headlinesOn(base, items, takenAt)] as const),
  );
}

/** Of the symbol itself before those of the whole market, the newest first. */
function headlinesOn(base: string, items: readonly NewsItem[], takenAt: number): string[] {
  return items
    .map((item) => ({ item, relevance: relevanceTo(item, base) }))
    .filter(({ relevance }) => relevance > 0)
    .toSorted((one, other) => other.relevance - one.relevance)
    .slice(0, MAX_HEADLINES)
    .map(
      ({ item: { title, publishedAt } }) => `${Math.round((takenAt - publishedAt) / MINUTE_MS)} minutes ago: ${title}`,
    );
}

/** @returns undefined where too little has ended for it to mean anything */
export function recordText({ horizons, hitRate, returns }: AgentScoreRecord): string | undefined {
  if (horizons < MIN_HORIZONS) return undefined;
  const parts = [
    `Your own record over ${horizons.toFixed(0)} independent horizons: your likeliest outcome came in ${(hitRate * 100).toFixed(0)} % of them`,
  ];
  if (returns && returns.horizons >= MIN_HORIZONS) {
    const { slope, slopeError, informationCoefficient: correlation } = returns;
    parts.push(
      `your expected returns and what came have a correlation of ${correlation.toFixed(2)}`,
      `of each basis point that you expected ${slope.toFixed(2)} came (give or take ${slopeError.toFixed(2)})`,
    );
  }
  return `${parts.join('; ')}.`;
}
