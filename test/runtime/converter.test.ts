import { ActivityFailure, ApplicationFailure, defaultPayloadConverter, type RawValue } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readStop, resumeRequestSchema } from '../../contracts/control.ts';
import { unreadableEncoding } from '../../contracts/unreadable.ts';
import { payloadConverter } from '../../runtime/payload-converter.ts';
import { unreadables } from './payloads.ts';

const read = (value: RawValue): unknown => payloadConverter.fromPayload(value.payload);
const awaited = async (value: unknown): Promise<unknown> => value;

describe('the payload converter', () => {
  it('writes and reads as the default does', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.uint8Array(), fc.constant(undefined)), (value) => {
        const payload = defaultPayloadConverter.toPayload(value);
        expect(payloadConverter.toPayload(value)).toEqual(payload);
        expect(payloadConverter.fromPayload(payload)).toEqual(defaultPayloadConverter.fromPayload(payload));
      }),
    );
  });

  it('never throws, whatever it reads', () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(
        fc.option(fc.dictionary(fc.constantFrom('encoding', 'x'), bytes)),
        fc.option(bytes),
        (metadata, data) => {
          payloadConverter.fromPayload({ ...(metadata ? { metadata } : {}), ...(data ? { data } : {}) });
        },
      ),
    );
  });

  it.each(unreadables)('hands on %s as what it is', (_name, value, encoding) => {
    expect(unreadableEncoding(read(value))).toBe(encoding);
    expect(JSON.parse(JSON.stringify(read(value)))).toEqual({ unreadable: encoding });
  });

  it.each(unreadables)('rejects who awaits %s', async (_name, value) => {
    await expect(awaited(read(value))).rejects.toSatisfy(
      (error) => error instanceof ApplicationFailure && error.nonRetryable === true && error.type === 'Unreadable',
    );
    const context = { type: 'activity', namespace: 'n', activityId: '7', isLocal: false } as const;
    const result: unknown = payloadConverter.fromPayload(value.payload, context);
    await expect(awaited(result)).rejects.toSatisfy(
      (error) =>
        error instanceof ActivityFailure && error.activityId === '7' && error.cause instanceof ApplicationFailure,
    );
  });

  it.each(unreadables)('gives a stop of %s its reason', (_name, value, encoding) => {
    expect(readStop(read(value), 'fallback')).toEqual({
      reason: `an unreadable stop (encoding ${encoding})`,
      by: 'unknown',
      requestId: 'fallback',
      flatten: false,
    });
  });

  it.each(unreadables)('gives no schema %s to take', (_name, value) => {
    for (const schema of [
      resumeRequestSchema,
      z.strictObject({}),
      z.string(),
      z.number(),
      z.null(),
      z.array(z.unknown()),
    ])
      expect(schema.safeParse(read(value)).success).toBe(false);
  });

  it.each([[undefined], [null], ['x'], [7], [[]], [{}], [{ unreadable: 7 }], [{ unreadable: 'x', reason: 'y' }]])(
    'takes %j for what it is',
    (value) => expect(unreadableEncoding(value)).toBeUndefined(),
  );
});
