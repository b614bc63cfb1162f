import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import type { NewsItem } from '../../../../domain/signals/news.ts';
import { plainText } from './clean.ts';
import type { NewsSource } from './port.ts';

const lineSchema = z.object({
  id: z.string().min(1).optional(),
  title: z.string().min(1),
  text: z.string().default(''),
  source: z.string().min(1).optional(),
  /** UTC epoch milliseconds, or a date. */
  publishedAt: z.union([z.int().positive(), z.string().transform((text) => Date.parse(text))]).pipe(z.number()),
});

/** A file of one JSON object a line: {"title", "text", "publishedAt", "source", "id"}. Read anew each time; a line that is none is named. */
export function createNewsFile(path: string): NewsSource {
  const name = basename(path);
  return {
    name,
    async latest(since) {
      const content = await readFile(path, 'utf8').catch((error: unknown) => {
        throw new Error(`${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      });
      return content
        .split('\n')
        .flatMap((line, index) => (line.trim() === '' ? [] : [readLine(line, `${name}:${index + 1}`)]))
        .filter(({ publishedAt }) => publishedAt >= since);
    },
  };
}

function readLine(line: string, where: string): NewsItem {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Error(`${where} is not JSON`);
  }
  const parsed = lineSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${where} is no news: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { id = where, title, text, source = where.split(':')[0] ?? where, publishedAt } = parsed.data;
  return { id, source, title: plainText(title, 200), text: plainText(text), publishedAt };
}
