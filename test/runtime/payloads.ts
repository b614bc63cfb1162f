import { type Payload, RawValue } from '@temporalio/common';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A payload as somebody with another data converter sends it, e.g. `temporal workflow signal --input-meta encoding=binary/x`. */
export const foreignPayload = (encoding: string, data = '{}'): Payload => ({
  metadata: { encoding: bytes(encoding) },
  data: bytes(data),
});

/** The same as an argument or a result: no converter touches it on its way. */
export const foreign = (encoding: string, data?: string): RawValue =>
  RawValue.fromPayload(foreignPayload(encoding, data));

/** Each cannot be decoded, with the encoding that is told of it. */
export const unreadables: [string, RawValue, string][] = [
  ['an unknown encoding', foreign('binary/x'), 'binary/x'],
  ['an encrypted one without a key', foreign('binary/encrypted'), 'binary/encrypted'],
  ['broken JSON', foreign('json/plain', '{"reason":'), 'json/plain'],
  ['an empty encoding', foreign(''), 'none'],
  ['no encoding', RawValue.fromPayload({ metadata: {}, data: bytes('{}') }), 'none'],
  ['no metadata', RawValue.fromPayload({ data: bytes('{}') }), 'none'],
  ['an encoding that steers a terminal', foreign('\u001b[2J\n'), '[2J'],
];
