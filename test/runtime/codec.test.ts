import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { payloadKeysIn, payloadKeysText, payloadKeyText } from '../../contracts/config/payload-keys.ts';
import { unreadableEncoding } from '../../contracts/unreadable.ts';
import { secretValues } from '../../runtime/configuration/secrets.ts';
import { refuseReadablePayloads } from '../../runtime/configuration/temporal.ts';
import { createPayloadCodec } from '../../runtime/payload-codec.ts';
import { payloadConverter } from '../../runtime/payload-converter.ts';
import { foreignPayload } from './payloads.ts';

const [older, newer] = [payloadKeyText('older', randomBytes(32)), payloadKeyText('newer', randomBytes(32))];
const codecOf = (...keys: string[]) => createPayloadCodec(payloadKeysIn(keys.join(',')));
const order = { symbol: 'BTC/USDT', limitPrice: '61497.7' };
const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();
const sealed = async (codec = codecOf(newer), value: unknown = order): Promise<Payload> =>
  (await codec.encode([defaultPayloadConverter.toPayload(value)]))[0] ?? {};
const opened = async (payload: Payload, codec = codecOf(newer)): Promise<unknown> =>
  payloadConverter.fromPayload((await codec.decode([payload]))[0] ?? {});

describe('the payload codec', () => {
  it('gives back every payload as it was', async () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    const any = fc.record({ metadata: fc.dictionary(fc.string(), bytes, { noNullPrototype: true }), data: bytes });
    await fc.assert(
      fc.asyncProperty(fc.array(any), async (payloads) => {
        const codec = codecOf(newer);
        const back = await codec.decode(await codec.encode(payloads));
        expect(back.length).toBe(payloads.length);
        for (const [index, { metadata = {}, data }] of payloads.entries()) {
          const plain = back[index];
          expect(text(plain?.data)).toEqual(text(data));
          expect(Object.keys(plain?.metadata ?? {}).toSorted()).toEqual(Object.keys(metadata).toSorted());
          for (const [name, value] of Object.entries(metadata))
            expect(Buffer.from(plain?.metadata?.[name] ?? []).equals(Buffer.from(value))).toBe(true);
        }
      }),
    );
  });

  it('shows nothing but its encoding and the id of its key, and never the same twice', async () => {
    const [once, twice] = [await sealed(), await sealed()];
    expect(Object.fromEntries(Object.entries(once.metadata ?? {}).map(([name, value]) => [name, text(value)]))).toEqual(
      {
        encoding: 'binary/encrypted',
        'encryption-key-id': 'newer',
      },
    );
    expect(text(once.data)).not.toMatch(/BTC|61497|symbol|json/);
    expect(text(once.data)).not.toEqual(text(twice.data));
  });

  it('reads with every key, and writes with the first', async () => {
    const before = await sealed(codecOf(older));
    const rotated = codecOf(newer, older);
    expect(await opened(before, rotated)).toEqual(order);
    expect(text((await sealed(rotated)).metadata?.['encryption-key-id'])).toBe('newer');
    expect(await opened(await sealed(rotated), codecOf(newer))).toEqual(order);
  });

  it('passes what was never encrypted', async () => {
    expect(await opened(defaultPayloadConverter.toPayload(order))).toEqual(order);
    await expect(opened(foreignPayload('binary/x'))).rejects.toMatchObject({ type: 'Unreadable' });
  });

  it('hands on what it has no key for, or what was changed on its way', async () => {
    const payload = await sealed();
    const { metadata = {}, data } = payload;
    const bytes = Buffer.from(data ?? []);
    const flipped = (at: number) => ({
      ...payload,
      data: Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))),
    });
    const odd: Payload[] = [
      await sealed(codecOf(older)),
      await sealed(codecOf(payloadKeyText('newer', randomBytes(32)))),
      ...[0, 11, 12, bytes.length - 17, bytes.length - 1].map(flipped),
      { ...payload, data: bytes.subarray(0, 20) },
      { ...payload, data: Buffer.alloc(0) },
      { metadata },
      { ...payload, metadata: { ...metadata, 'encryption-key-id': Buffer.from('nobody') } },
      foreignPayload('binary/encrypted'),
    ];
    for (const each of odd) {
      expect(await codecOf(newer).decode([each])).toEqual([each]);
      expect(unreadableEncoding(payloadConverter.fromPayload(each))).toBe('binary/encrypted');
      await expect(opened(each)).rejects.toMatchObject({ type: 'Unreadable' });
    }
  });

  it('never throws, whatever it reads', async () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constant([] as unknown as Uint8Array));
    const named = fc.record(
      {
        encoding: fc.oneof(fc.constant(Buffer.from('binary/encrypted')), bytes),
        'encryption-key-id': fc.oneof(fc.constant(Buffer.from('newer')), bytes),
      },
      { requiredKeys: [] },
    );
    const payload = fc.record({ metadata: fc.option(named), data: fc.option(bytes) });
    await fc.assert(
      fc.asyncProperty(fc.array(payload), async (payloads) => {
        expect(await codecOf(newer).decode(payloads)).toEqual(payloads);
      }),
    );
  });
});

describe('keys', () => {
  it.each([
    [''],
    ['newer'],
    ['newer:short='],
    [`${newer},`],
    [`${newer},${newer}`],
    [newer.replace('newer', 'with space')],
    [newer.replace(/=$/, '')],
    [`newer:${randomBytes(16).toString('base64')}`],
  ])('that are malformed are refused without a word of them: %#', (given) => {
    const { success, error } = payloadKeysText.safeParse(given);
    expect(success).toBe(false);
    for (const part of given.split(/[:,]/).filter((each) => each.length > 10))
      expect(JSON.stringify(error?.issues)).not.toContain(part);
  });

  it('are each kept out of logs', () => {
    const values = secretValues({ payloadKeys: `${newer},${older}` } as Parameters<typeof secretValues>[0]);
    for (const key of [newer, older]) expect(values).toContain(key.split(':')[1]);
  });
});

describe('the production profile', () => {
  afterEach(() => void vi.unstubAllEnvs());
  const production = { profile: 'production' } as const;
  const elsewhere = { address: 'sapphire.a1b2c.tmprl.cloud:7233' };

  it('starts with no server elsewhere that could read everything', () => {
    expect(() => refuseReadablePayloads(production, elsewhere, {})).toThrow(
      expect.objectContaining({
        code: 'PayloadsReadable',
        message: expect.stringContaining('./sapphire codec new-key'),
      }),
    );
  });

  it.each<Parameters<typeof refuseReadablePayloads>>([
    [production, elsewhere, { payloadKeys: newer }],
    [production, { address: '127.0.0.1:7233' }, {}],
    [production, { address: 'localhost:7233' }, {}],
    [production, { address: '[::1]:7233' }, {}],
    [{ profile: 'development' } as const, elsewhere, {}],
  ])('starts otherwise: %#', (...given) => expect(() => refuseReadablePayloads(...given)).not.toThrow());
});
