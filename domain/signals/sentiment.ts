import { clamp } from '../statistics/statistics.ts';

/** Chances that a piece of news is good, of no account or bad; they add up to 1. */
export interface Sentiment {
  positive: number;
  neutral: number;
  negative: number;
}

export interface RatedNews {
  sentiment: Sentiment;
  ageMs: number;
  source: string;
  /** What it counts for of this asset, above 0 to 1. */
  relevance: number;
}

export interface SentimentView {
  /** −1 to 1, shrunk towards 0 where there is little news. */
  score: number;
  expectedReturn: number;
  conviction: number;
}

/** News is worth half as much an hour later. */
const HALF_LIFE_MS = 3_600_000;
/** As much as one fresh item that says nothing: little news moves the score little. */
const PRIOR_WEIGHT = 1;
/** Of the horizon's volatility, what news of one kind alone is held to move. */
const RETURN_PER_VOLATILITY = 0.25;
const MAX_RETURN = 0.005;
const ITEMS_FOR_FULL_CONVICTION = 6;
const MAX_CONVICTION = 0.5;
/** One source alone may be wrong, or bought. */
const MAX_CONVICTION_OF_ONE_SOURCE = 0.2;
/** One clear story says so much for two hours. */
const NEUTRAL_SCORE = 0.1;

/** Whether the news leans neither way: that is no opinion, and no forecast that nothing will happen. */
export function isNeutral({ score }: SentimentView): boolean {
  return Math.abs(score) < NEUTRAL_SCORE;
}

/**
 * A view from news. The score is the mean, weighted by recency and relevance, of P(positive) − P(negative), shrunk as if one more item had said nothing. The
 * expected return is a quarter of the horizon's volatility at a score of 1, and never more than 50 basis points. The conviction grows with the
 * number of items and their agreement, and is capped where one source says it all.
 *
 * @param uncertainty standard deviation of the return over the horizon
 */
export function sentimentView(items: readonly RatedNews[], uncertainty: number): SentimentView {
  const rated = items.map(({ sentiment, ageMs, relevance }) => ({
    score: sentiment.positive - sentiment.negative,
    weight: relevance * 0.5 ** (Math.max(0, ageMs) / HALF_LIFE_MS),
  }));
  const weight = rated.reduce((total, item) => total + item.weight, 0);
  const signed = rated.reduce((total, item) => total + item.weight * item.score, 0);
  const absolute = rated.reduce((total, item) => total + item.weight * Math.abs(item.score), 0);
  const score = signed / (weight + PRIOR_WEIGHT);
  const agreement = absolute > 0 ? Math.abs(signed) / absolute : 0;
  const sources = new Set(items.map(({ source }) => source)).size;
  const most = sources > 1 ? MAX_CONVICTION : MAX_CONVICTION_OF_ONE_SOURCE;
  return {
    score,
    expectedReturn: clamp(score * RETURN_PER_VOLATILITY * uncertainty, -MAX_RETURN, MAX_RETURN),
    conviction: most * agreement * Math.min(1, weight / ITEMS_FOR_FULL_CONVICTION) * Math.abs(score),
  };
}
