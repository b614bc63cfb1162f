import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { distinct, isAbout, MARKET_WIDE, type NewsItem, relevanceTo } from '../../domain/signals/news.ts';
import { isNeutral, sentimentView } from '../../domain/signals/sentiment.ts';
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
    expect(performance.now() - startedAt).toBeLessThan(6_000);
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
    const feed = createFeed(address, 0);
    const [news] = await feed.latest(at, never);
    expect(asked).toEqual([['/feed?token=t%2B1', `Basic ${Buffer.from('us-er:p%40ss%').toString('base64')}`]]);
    expect([feed.name, news?.source]).toEqual([new URL(url).host, new URL(url).host]);
    answers = false;
    await expect(feed.latest(at, never)).rejects.toThrow(`${new URL(url).host} cannot be read: status 403`);
  });

  it('is read once in a while, says who asks, and is not sent again unchanged', async () => {
    const asked: unknown[] = [];
    const url = await serve(({ headers }, response) => {
      asked.push([headers['if-none-match'], headers['if-modified-since'], headers['user-agent']]);
      if (headers['if-none-match'] === '"v1"') response.writeHead(304).end();
      else response.writeHead(200, { etag: '"v1"', 'last-modified': 'Mon, 23 Nov 2026 10:00:00 GMT' }).end(rss(item));
    });
    const patient = createFeed(url);
    for (const _ of [1, 2]) expect(await patient.latest(at, never)).toHaveLength(1);
    const agent = expect.stringMatching(/^sapphire-news-reader/);
    expect(asked).toEqual([[undefined, undefined, agent]]);
    const eager = createFeed(url, 0);
    for (const _ of [1, 2]) expect(await eager.latest(at, never)).toHaveLength(1);
    expect(asked.slice(1)).toEqual([
      [undefined, undefined, agent],
      ['"v1"', 'Mon, 23 Nov 2026 10:00:00 GMT', agent],
    ]);
  });

  it('that was given up is read anew by the next who asks, and one that failed is left alone for a while', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked += 1;
      if (asked > 1) response.writeHead(429).end();
    });
    const feed = createFeed(url);
    await expect(feed.latest(at, AbortSignal.timeout(100))).rejects.toThrow(/timeout/i);
    for (const _ of [1, 2]) await expect(feed.latest(at, never)).rejects.toThrow('status 429');
    expect(asked).toBe(2);
  });

  /* As their publishers' feeds are built, with made-up stories: channel, extensions, forms of dates and texts. */
  it.each([
    [
      'a newspaper with media and authors',
      `<?xml version="1.0" encoding="utf-8"?><rss xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom" version="2.0"><channel><title><![CDATA[News]]></title><atom:link href="https://news.example/rss" rel="self"/><item><title><![CDATA[Bitcoin rises]]></title><link>https://news.example/1</link><guid isPermaLink="false">g1</guid><dc:creator><![CDATA[A B]]></dc:creator><pubDate>Mon, 23 Nov 2026 10:00:00 +0000</pubDate><media:content url="https://news.example/1.jpg" medium="image"><media:title>x</media:title></media:content><category domain="tag">Markets</category><description><![CDATA[<p>Much</p>]]></description></item></channel></rss>`,
    ],
    [
      'a blog with the whole text',
      `<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><item><title>Bitcoin rises</title><link>https://news.example/1</link><pubDate>Mon, 23 Nov 2026 10:00:00 GMT</pubDate><guid isPermaLink="true">g1</guid><description><![CDATA[<img src="x.jpg"/>Much]]></description><content:encoded><![CDATA[<p>Much more</p>]]></content:encoded></item></channel></rss>`,
    ],
    [
      'an authority that marks everything as data',
      `\uFEFF<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><item><title><![CDATA[Bitcoin rises]]></title><link><![CDATA[https://news.example/1]]></link><guid isPermaLink="true"><![CDATA[g1]]></guid><description><![CDATA[Much]]></description><category><![CDATA[Monetary Policy]]></category><pubDate><![CDATA[Mon, 23 Nov 2026 10:00:00 GMT]]></pubDate></item></channel></rss>`,
    ],
  ])('is read as %s', async (_name, xml) => {
    const url = await serve((_request, response) => response.end(xml));
    const [story, ...others] = await createFeed(url).latest(at, never);
    expect(story).toEqual({
      id: 'g1',
      source: new URL(url).host,
      title: 'Bitcoin rises',
      text: 'Much',
      publishedAt: at,
    });
    expect(others).toEqual([]);
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

  it.each([
    ['Bitcoin and the crypto market slide', 'BTC', 1],
    ['Bitcoin and the crypto market slide', 'ETH', MARKET_WIDE],
    ['Crypto market rallies on Fed pause', 'SOL', MARKET_WIDE],
    ['Crypto slides as traders flee', 'SOL', MARKET_WIDE],
    ['Federal Reserve issues FOMC statement', 'SOL', MARKET_WIDE],
    ['Senate votes on stablecoins', 'SOL', MARKET_WIDE],
    ['Miners are fed up', 'SOL', 0],
    ['A museum of cryptography opens', 'SOL', 0],
    ['Dogecoin rises', 'SOL', 0],
  ])('%s counts for %s: %d', (title, base, expected) => expect(relevanceTo({ title, text: '' }, base)).toBe(expected));

  it('that names the market in passing is none of it', () => {
    expect(relevanceTo({ title: 'Dogecoin rises', text: 'The crypto market stands still.' }, 'SOL')).toBe(0);
  });

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
  const item = (sentiment: typeof good, ageHours = 0, source = 'a', relevance = 1) => ({
    sentiment,
    ageMs: ageHours * HOUR,
    source,
    relevance,
  });

  it.each([
    ['nothing', [], 0, 0],
    ['one good, fresh', [item(good)], 0.5, 0.2 * (1 / 6) * 0.5],
    ['one good, an hour old', [item(good, 1)], 0.5 / 1.5, 0.2 * (0.5 / 6) * (0.5 / 1.5)],
    ['one good of the whole market', [item(good, 0, 'a', 0.3)], 0.3 / 1.3, 0.2 * (0.3 / 6) * (0.3 / 1.3)],
    ['good and bad', [item(good), item(bad, 0, 'b')], 0, 0],
    ['three good of two sources', [item(good), item(good), item(good, 0, 'b')], 0.75, 0.5 * 0.5 * 0.75],
  ])('of %s', (_name, items, score, conviction) => {
    const view = sentimentView(items, 0.01);
    expect(view.score).toBeCloseTo(score, 12);
    expect(view.expectedReturn).toBeCloseTo(score * 0.25 * 0.01, 12);
    expect(view.conviction).toBeCloseTo(conviction, 12);
  });

  it.each([
    ['nothing', [], true],
    ['as much good as bad', [item(good), item(bad, 0, 'b')], true],
    ['one good, two hours old', [item(good, 2)], false],
    ['one good, four hours old', [item(good, 4)], true],
    ['one good of the whole market', [item(good, 0, 'a', MARKET_WIDE)], false],
  ])('is neutral of %s: %s', (_name, items, neutral) => expect(isNeutral(sentimentView(items, 0.01))).toBe(neutral));

  it('promises no more than 50 basis points, and one source no more than a fifth of conviction', () => {
    const many = Array.from({ length: 50 }, () => item(good));
    expect(sentimentView(many, 1).expectedReturn).toBe(0.005);
    expect(sentimentView(many, 1).conviction).toBeLessThanOrEqual(0.2);
  });
});
