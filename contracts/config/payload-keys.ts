import { z } from 'zod';

/** Of AES-256. */
const KEY_BYTES = 32;
const form = /^([\w.-]{1,40}):([A-Za-z0-9+/]{43}=)$/;

export interface PayloadKey {
  /** Stands in the clear beside what it encrypts. */
  id: string;
  /** 32 bytes. */
  key: Buffer;
}

/**
 * Keys of the payload codec, as `id:base64,id:base64`, each of 32 random bytes: the first one encrypts, all of them decrypt. No message holds a
 * part of one.
 */
export const payloadKeysText = z.string().superRefine((text, context) => {
  const entries = text.split(',').map((entry) => form.exec(entry.trim()));
  const ids = entries.flatMap((entry) => entry?.[1] ?? []);
  if (entries.includes(null)) {
    context.addIssue('must be id:key, with commas between several; "./sapphire codec new-key" makes one');
  } else if (new Set(ids).size < ids.length) {
    context.addIssue('must not hold two keys of one id');
  }
});

/** @param text that keeps to `payloadKeysText` */
export function payloadKeysIn(text: string): PayloadKey[] {
  return text.split(',').map((entry) => {
    const [, id, key] = form.exec(entry.trim()) ?? [];
    if (id === undefined || key === undefined) throw new TypeError('not of the form id:key');
    return { id, key: Buffer.from(key, 'base64') };
  });
}

/** @param random 32 bytes of a source that nobody can guess */
export function payloadKeyText(id: string, random: Uint8Array): string {
  if (random.byteLength !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`);
  return payloadKeysText.parse(`${id}:${Buffer.from(random).toString('base64')}`);
}
