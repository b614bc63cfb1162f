import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';
import type { NewsItem } from '../../../../domain/signals/news.ts';
import { createBreaker } from '../../../../runtime/telemetry/breaker.ts';
import { plainText } from './clean.ts';
import type { NewsSource } from './port.ts';

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 2 * 1024 * 1024;
const MAX_ITEMS = 200;
/** Between two readings of one feed, whatever came of the first: a publisher's server is not asked anew in each cycle. */
const READ_EVERY_MS = 120_000;
const HEADERS = {
  accept: 'application/rss+xml, application/atom+xml, application/xml, text/xml',
  'user-agent': 'sapphire-news-reader/1 (RSS)',
};

/** Entities are not expanded here, so that a document can't grow by them; `plainText` knows the few that text needs. */
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  processEntities: false,
  parseTagValue: false,
});

const textNode = z
  .union([z.string(), z.looseObject({ '#text': z.string().default('') }).transform((node) => node['#text'])])
  .catch('');
const list = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]), z.array(schema));
const link = z.union([z.string(), z.looseObject({ '@href': z.string() }).transform((node) => node['@href'])]).catch('');

const entrySchema = z.looseObject({
  title: textNode,
  description: textNode.optional(),
  summary: textNode.optional(),
  content: textNode.optional(),
  link: list(link).optional(),
  guid: textNode.optional(),
  id: textNode.optional(),
  pubDate: textNode.optional(),
  published: textNode.optional(),
  updated: textNode.optional(),
});
/** RSS 2.0 and Atom (RFC 4287). */
const documentSchema = z.union([
  z
    .looseObject({ rss: z.looseObject({ channel: z.looseObject({ item: list(entrySchema) }) }) })
    .transform(({ rss }) => rss.channel.item),
  z.looseObject({ feed: z.looseObject({ entry: list(entrySchema) }) }).transform(({ feed }) => feed.entry),
]);

/**
 * An RSS or Atom feed over HTTP. It is not followed elsewhere, has five seconds, and two megabytes at most. User and password of its address
 * are sent as Basic authentication; nothing of it but the host is ever told. What was read stands for two minutes, and what has not changed since
 * is not sent again.
 */
export function createFeed(address: string, readEveryMs: number = READ_EVERY_MS): NewsSource {
  const { url, authorization } = accessOf(address);
  const name = url.host;
  const breaker = createBreaker('agents', `news/${name}`);
  let reading: { at: number; items: Promise<NewsItem[]> } | undefined;
  let known: Known = { items: [], conditions: {} };

  async function readAnew(signal: AbortSignal): Promise<NewsItem[]> {
    const found = await fetchText(url, name, signal, { ...authorization, ...known.conditions });
    if (found !== 'as before') known = { items: readFeed(found.text, name), conditions: found.conditions };
    return known.items;
  }

  return {
    name,
    async latest(since, signal) {
      if (reading === undefined || performance.now() - reading.at >= readEveryMs) {
        const begun = { at: performance.now(), items: breaker.execute(() => readAnew(signal)) };
        reading = begun;
        // Given up by the one who asked, it says nothing to the next.
        begun.items.catch(() => {
          if (signal.aborted && reading === begun) reading = undefined;
        });
      }
      return (await reading.items).filter(({ publishedAt }) => publishedAt >= since);
    },
  };
}

interface Known {
  items: NewsItem[];
  /** Headers by which the server knows what we have. */
  conditions: Record<string, string>;
}

/** Items of a feed's text; what has no title or no readable date is left out. */
export function readFeed(xml: string, source: string): NewsItem[] {
  let parsed: unknown;
  try {
    parsed = parser.parse(xml);
  } catch {
    throw new Error(`${source} gives no XML`);
  }
  const document = documentSchema.safeParse(parsed);
  if (!document.success) throw new Error(`${source} gives neither RSS nor Atom`);
  return document.data.slice(0, MAX_ITEMS).flatMap((entry) => {
    const title = plainText(entry.title, 200);
    const publishedAt = Date.parse(entry.pubDate ?? entry.published ?? entry.updated ?? '');
    if (title === '' || !Number.isFinite(publishedAt)) return [];
    const text = plainText(entry.description ?? entry.summary ?? entry.content ?? '');
    const id = plainText(entry.guid || entry.id || entry.link?.[0] || title, 200);
    return [{ id, source, title, text, publishedAt }];
  });
}

/** `fetch` takes no address with a password, and quotes it in its refusal. */
function accessOf(address: string): { url: URL; authorization: Record<string, string> } {
  const url = new URL(address);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  if (username === '' && password === '') return { url, authorization: {} };
  const pair = `${decoded(username)}:${decoded(password)}`;
  return { url, authorization: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function fetchText(
  url: URL,
  name: string,
  signal: AbortSignal,
  more: Record<string, string>,
): Promise<{ text: string; conditions: Record<string, string> } | 'as before'> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      headers: { ...HEADERS, ...more },
      redirect: 'error',
    });
    if (response.status === 304) return 'as before';
    if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
      chunks.push(chunk);
    }
    return { text: Buffer.concat(chunks).toString('utf8'), conditions: conditionsOf(response.headers) };
  } catch (error) {
    signal.throwIfAborted();
    const cause =
      error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
    throw new Error(`${name} cannot be read: ${cause}`, { cause: error });
  }
}

function conditionsOf(headers: Headers): Record<string, string> {
  const pairs = [
    ['if-none-match', headers.get('etag')],
    ['if-modified-since', headers.get('last-modified')],
  ] as const;
  return Object.fromEntries(pairs.filter((pair): pair is [(typeof pair)[0], string] => pair[1] !== null));
}
