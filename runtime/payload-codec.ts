import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { PayloadKey } from '../contracts/config/payload-keys.ts';

/** As Temporal's samples write it, and `workers/gpu/forecasting/codec.py`: nonce, ciphertext, tag; within them a whole payload. */
const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/** The first key encrypts, each decrypts what bears its id. Without a key payloads pass as they are. */
export function createPayloadCodec(keys: readonly PayloadKey[]): PayloadCodec {
  const [newest] = keys;
  const byId = new Map(keys.map((key) => [key.id, key]));
  return {
    encode: async (payloads) => (newest ? payloads.map((payload) => encrypted(payload, newest)) : payloads),
    // What was written before there was a key passes, and so does what there is no key for: the payload converter says so of it.
    decode: async (payloads) => payloads.map((payload) => decrypted(payload, byId) ?? payload),
  };
}

function encrypted(payload: Payload, { id, key }: PayloadKey): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce);
  const plain = PayloadMessage.encode(payload).finish();
  return {
    metadata: { encoding: Buffer.from(ENCODING), [KEY_ID]: Buffer.from(id) },
    data: Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]),
  };
}

/** Undefined where it is not encrypted, or not for these keys, or was changed on its way. */
function decrypted({ metadata, data }: Payload, keys: ReadonlyMap<string, PayloadKey>): Payload | undefined {
  if (!data || text(metadata?.['encoding']) !== ENCODING) return undefined;
  const key = keys.get(text(metadata?.[KEY_ID]));
  if (!key || data.byteLength < NONCE_BYTES + TAG_BYTES) return undefined;
  try {
    const decipher = createDecipheriv(CIPHER, key.key, data.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(data.subarray(data.byteLength - TAG_BYTES));
    const plain = Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    return PayloadMessage.toObject(PayloadMessage.decode(plain), { bytes: Uint8Array });
  } catch {
    return undefined;
  }
}

function text(bytes: Uint8Array | null | undefined): string {
  return bytes ? Buffer.from(bytes).toString() : '';
}
