import type { NewsItem } from '../../../../domain/signals/news.ts';

/** Somewhere that news comes from. */
export interface NewsSource {
  /** For people, e.g. the feed's host. */
  readonly name: string;
  /**
   * What was published since, cleaned, in no order. Rejects with a sentence for people when the source cannot be read: what cannot be read is
   * not "no news".
   */
  latest(since: number, signal: AbortSignal): Promise<NewsItem[]>;
}
