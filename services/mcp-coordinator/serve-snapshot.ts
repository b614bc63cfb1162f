import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';

/** `/snapshots/<sha256>`, beside the protocol's endpoint: its answer is a file, of which the asker knows the hash. */
export const SNAPSHOTS_PATH = '/snapshots/';

export type SnapshotSource = Pick<MarketBuffer, 'kept' | 'newest'>;

/**
 * The JSON of a cycle's large snapshot, byte for byte as it was hashed. For a worker that has no market buffer; it says nothing of the account, so
 * that an agent's token does.
 */
export async function serveSnapshot(
  request: IncomingMessage,
  response: ServerResponse,
  source: SnapshotSource,
): Promise<void> {
  if (request.method !== 'GET') {
    response.setHeader('allow', 'GET');
    refuse(response, 405, 'A snapshot can only be read: GET');
    return;
  }
  const sha256 = (request.url ?? '').slice(SNAPSHOTS_PATH.length);
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    refuse(response, 400, 'A snapshot is asked for by its SHA-256: 64 hexadecimal digits in lower case');
    return;
  }
  const json = await source.kept(sha256);
  if (json === undefined) {
    refuse(response, 404, 'There is no such snapshot (any more): it is kept until its cycle is over');
    return;
  }
  const bytes = Buffer.from(json);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.byteLength });
  response.end(bytes);
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { message } }));
}
