import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { distinct, isAbout, type NewsItem } from '../../domain/signals/news.ts';
import { sentimentView } from '../../domain/signals/sentiment.ts';
import { plainText } from '../../trading/agents/sentiment/news/clean.ts';
import { createFeed, readFeed } from '../../trading/agents/sentiment/news/feed.ts';
import { createNewsFile } from '../../trading/agents/sentiment/news/file.ts';
import { temporaryFolder } from '../support/books.ts';

const never = new AbortController().signal;

describe('words of others', () => {
  it.each([
    ['<p>Bitcoin <b>rises</b></p>', 'Bitcoin rises'],
    ['AT&amp;T &lt;buys&gt; ETH &#8212; &#x201C;now&#x201D;', 'AT&T ETH — “now”'],
    ['&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt; calm', 'alert(1) calm'],
    ['<script>var x = "BUY";</script>Quiet day', 'Quiet day'],
    ['zero​width‍and‮turned\u0000', 'zero width and turned'],
    ['line\nbreak\r\n\tand tab', 'line break and tab'],
    ['ＢＵＹ　ＮＯＷ', 'BUY NOW'],
    ['&#55296; &#1114112; &bogus;', '&#55296; &#1114112; &bogus;'],
    ['', ''],
  ])('%j are %j', (raw, plain) => expect(plainText(raw)).toBe(plain));

  it('never keep markup, control characters or length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3_000 }), (raw) => {
        const plain = plainText(raw, 200);
        expect(plain.length).toBeLessThanOrEqual(200);
        expect(plain).not.toMatch(/[<>]|\p{Cc}|\p{Cf}/u);
      }),
    );
  });
});

describe('a feed', () => {
  const rss = (items: string) =>
    `<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>${items}</channel></rss>`;
  const item =
    '<item><title>Bitcoin rises</title><description><![CDATA[<p>Much</p>]]></description><guid isPermaLink="false">g1</guid><pubDate>Mon, 23 Nov 2026 10:00:00 GMT</pubDate></item>';
  const at = Date.UTC(2026, 10, 23, 10);

  it.each([
    ['RSS 2.0', rss(item), [{ id: 'g1', title: 'Bitcoin rises', text: 'Much', publishedAt: at }]],
    [
      'Atom',
      '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title type="html">Ether &amp;amp; more</title><id>urn:1</id><updated>2026-11-23T10:00:00Z</updated><summary>Short</summary><link href="https://example.org/1"/></entry></feed>',
      [{ id: 'urn:1', title: 'Ether & more', text: 'Short', publishedAt: at }],
    ],
    ['an empty channel', rss(''), []],
    ['an item without a date', rss('<item><title>When?</title></item>'), []],
    ['an item without a title', rss('<item><pubDate>Mon, 23 Nov 2026 10:00:00 GMT</pubDate></item>'), []],
  ])('%s is read', (_name, xml, items) => {
    expect(readFeed(xml, 'host')).toEqual(items.map((each) => ({ source: 'host', ...each })));
  });

  it.each([
    ['a web page', '<!doctype html><html><body>hello</body></html>'],
    ['nothing', ''],
    ['JSON', '{"rss": {}}'],
  ])('%s is refused', (_name, text) => {
    expect(() => readFeed(text, 'host')).toThrow(/host gives neither RSS nor Atom|host gives no XML/);
  });

  it('does not grow by entities', () => {
    const bomb = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "${'b'.repeat(1_000)}"><!ENTITY c "${'&a;'.repeat(1_000)}">]>${rss(
      '<item><title>&c;</title><pubDate>Mon, 23 Nov 2026 10:00:00 GMT</pubDate></item>',
    ).slice(21)}`;
    const [read] = readFeed(bomb, 'host');
    expect(read?.title.length ?? 0).toBeLessThan(300);
  });

  it('of two megabytes of brackets holds nobody up', () => {
    const items = ['<', '<script>', '<script', '&lt;'].flatMap((piece) => {
      const words = piece.repeat(12_000 / piece.length);
      const one = `<item><title>Bitcoin</title><description><![CDATA[${words}]]></description><pubDate>Mon, 23 Nov 2026 10:00:00 GMT</pubDate></item>`;
      return Array.from({ length: 40 }, () => one);
    });
    const startedAt = performance.now();
    expect(readFeed(rss(items.join('')), 'host')).toHaveLength(160);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  });

  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  async function serve(handle: Parameters<typeof createServer>[1]): Promise<string> {
    const server = createServer({}, handle ?? (() => undefined));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/feed`;
  }

  it('gives what is new enough', async () => {
    const url = await serve((_request, response) => response.end(rss(item)));
    expect(await createFeed(url).latest(at, never)).toHaveLength(1);
    expect(await createFeed(url).latest(at + 1, never)).toEqual([]);
  });

  it('with a password in its address is asked for with it, and tells nothing of it', async () => {
    let answers = true;
    const asked: unknown[] = [];
    const url = await serve(({ url: target, headers: { authorization } }, response) => {
      asked.push([target, authorization]);
      response.writeHead(answers ? 200 : 403).end(rss(item));
    });
    const address = `${url.replace('//', '//us%2Der:p%40ss%@')}?token=t%2B1`;
    const feed = createFeed(address);
    const [news] = await feed.latest(at, never);
    expect(asked).toEqual([['/feed?token=t%2B1', `Basic ${Buffer.from('us-er:p%40ss%').toString('base64')}`]]);
    expect([feed.name, news?.source]).toEqual([new URL(url).host, new URL(url).host]);
    answers = false;
    await expect(feed.latest(at, never)).rejects.toThrow(`${new URL(url).host} cannot be read: status 403`);
  });

  it.each<[string, Parameters<typeof createServer>[1], RegExp]>([
    ['is missing', (_request, response) => response.writeHead(404).end(), /status 404/],
    [
      'leads elsewhere',
      (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      /redirect/,
    ],
    ['has no end', (_request, response) => response.end('x'.repeat(3 * 1024 * 1024)), /more than 2097152 bytes/],
  ])('that %s is a fault, and not "no news"', async (_name, handle, reason) => {
    await expect(createFeed(await serve(handle)).latest(0, never)).rejects.toThrow(reason);
  });
});

describe('a file of news', () => {
  const write = (content: string) => {
    const path = join(temporaryFolder(), 'news.jsonl');
    writeFileSync(path, content);
    return createNewsFile(path);
  };

  it('has one object a line', async () => {
    const file = write(
      '{"title":"Bitcoin","publishedAt":5,"source":"desk"}\n\n{"title":"Old","publishedAt":"1970-01-01T00:00:00Z"}\n',
    );
    expect(await file.latest(1, never)).toEqual([
      { id: 'news.jsonl:1', source: 'desk', title: 'Bitcoin', text: '', publishedAt: 5 },
    ]);
  });

  it.each([
    ['{"title":', /news\.jsonl:1 is not JSON/],
    ['{"publishedAt":5}', /news\.jsonl:1 is no news: title/],
    ['{"title":"x","publishedAt":"some day"}', /news\.jsonl:1 is no news: publishedAt/],
  ])('%s is refused by its line', async (content, reason) => {
    await expect(write(content).latest(0, never)).rejects.toThrow(reason);
  });

  it('that is not there is a fault', async () => {
    await expect(createNewsFile('/nowhere/news.jsonl').latest(0, never)).rejects.toThrow(/cannot be read/);
  });
});

describe('news', () => {
  const about = (title: string, base: string) => isAbout({ title, text: '' }, base);
  it.each([
    ['Bitcoin rises', 'BTC', true],
    ['BTC/USDT rises', 'BTC', true],
    ['$BTC', 'BTC', true],
    ['btc rises', 'BTC', false],
    ['WBTC rises', 'BTC', false],
    ['Ethereum and ether', 'ETH', true],
    ['Together whether', 'ETH', false],
    ['A dot on the map', 'DOT', false],
    ['PEPE soars', 'PEPE', true],
  ])('%s is about %s: %s', (title, base, expected) => expect(about(title, base)).toBe(expected));

  it('that is told twice is one story, the newest', () => {
    const item = (id: string, title: string, publishedAt: number): NewsItem => ({
      id,
      title,
      publishedAt,
      text: '',
      source: 's',
    });
    const items = [item('a', 'Bitcoin rises!', 1), item('b', 'bitcoin  RISES', 3), item('c', 'Other', 2)];
    expect(distinct(items).map(({ id }) => id)).toEqual(['b', 'c']);
  });
});

describe('a view from news', () => {
  const HOUR = 3_600_000;
  const good = { positive: 1, neutral: 0, negative: 0 };
  const bad = { positive: 0, neutral: 0, negative: 1 };
  const item = (sentiment: typeof good, ageHours = 0, source = 'a') => ({ sentiment, ageMs: ageHours * HOUR, source });

  it.each([
    ['nothing', [], 0, 0],
    ['one good, fresh', [item(good)], 0.5, 0.2 * (1 / 6) * 0.5],
    ['one good, an hour old', [item(good, 1)], 0.5 / 1.5, 0.2 * (0.5 / 6) * (0.5 / 1.5)],
    ['good and bad', [item(good), item(bad, 0, 'b')], 0, 0],
    ['three good of two sources', [item(good), item(good), item(good, 0, 'b')], 0.75, 0.5 * 0.5 * 0.75],
  ])('of %s', (_name, items, score, conviction) => {
    const view = sentimentView(items, 0.01);
    expect(view.score).toBeCloseTo(score, 12);
    expect(view.expectedReturn).toBeCloseTo(score * 0.25 * 0.01, 12);
    expect(view.conviction).toBeCloseTo(conviction, 12);
  });

  it('promises no more than 50 basis points, and one source no more than a fifth of conviction', () => {
    const many = Array.from({ length: 50 }, () => item(good));
    expect(sentimentView(many, 1).expectedReturn).toBe(0.005);
    expect(sentimentView(many, 1).conviction).toBeLessThanOrEqual(0.2);
  });
});
