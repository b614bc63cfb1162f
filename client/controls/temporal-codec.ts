import { randomBytes } from 'node:crypto';
import { payloadKeysIn } from '../../contracts/config/payload-keys.ts';
import { startCodecServer } from '../../runtime/codec-server.ts';
import { createPayloadCodec } from '../../runtime/payload-codec.ts';

/**
 * For one run of Temporal's command line: what decodes on loopback as long as it runs, where payloads are encrypted and the caller names no codec of
 * his own. The token goes by the environment, since everybody on the machine sees arguments.
 */
export async function codecFor(
  args: readonly string[],
  payloadKeys: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<{ environment: NodeJS.ProcessEnv; close: () => Promise<void> }> {
  const isNamed =
    environment['TEMPORAL_CODEC_ENDPOINT'] !== undefined ||
    args.some((arg) => arg.split('=')[0] === '--codec-endpoint');
  if (payloadKeys === undefined || isNamed) return { environment, close: async () => {} };
  const token = randomBytes(24).toString('base64url');
  const { url, close } = await startCodecServer({
    port: 0,
    codec: createPayloadCodec(payloadKeysIn(payloadKeys)),
    token,
    origins: [],
  });
  return {
    environment: { ...environment, TEMPORAL_CODEC_ENDPOINT: url, TEMPORAL_CODEC_AUTH: `Bearer ${token}` },
    close,
  };
}
