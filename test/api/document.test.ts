import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { documentFile, keptDocument } from '../../client/api/kept-document.ts';
import { testApi } from './harness.ts';

const operation = z.looseObject({
  summary: z.string(),
  tags: z.array(z.string()),
  responses: z.record(z.string(), z.unknown()),
  'x-role': z.string(),
});

describe('the document', () => {
  it('in the repository is that of the routes: node client/bootstrap.mjs --script client/api/write-document.ts', async () => {
    expect(JSON.parse(readFileSync(documentFile, 'utf8'))).toEqual(JSON.parse(await keptDocument()));
  });

  it('is served to anybody, and names of each route who may ask and what it refuses with', async () => {
    const { ask } = await testApi();
    const reply = await ask('GET', '/api/v1/openapi.json', { headers: { authorization: '' } });
    const { openapi, paths } = reply.json();
    expect(openapi).toBe('3.1.0');
    const operations = Object.values(z.record(z.string(), z.record(z.string(), operation)).parse(paths)).flatMap(
      (path) => Object.values(path),
    );
    expect(operations.length).toBeGreaterThan(3);
    for (const { summary, responses, tags, 'x-role': role } of operations) {
      expect(summary).toMatch(/^[A-Z]/);
      expect(tags).toHaveLength(1);
      expect(role).toMatch(/^(viewer|operator|admin|anybody)$/);
      expect(Object.keys(responses)).toContain('default');
    }
  });
});
