import { z } from 'zod';
import { strangerIn } from '../../runtime/telemetry/stranger.ts';

export interface ServiceHealth {
  name: string;
  url: string;
  healthy: boolean;
  detail: string;
  /** It answers, later than is usual by far: how long it took. */
  slowMs?: number;
  /** State of each breaker of the process, where it said so. */
  breakers?: Record<string, string>;
}

const TIMEOUT_MS = 2_000;

export async function askHealth({ name, url }: { name: string; url: string }): Promise<ServiceHealth> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body = await response.text();
    const stranger = strangerIn(body, { name, url });
    if (stranger !== undefined) return { name, url, healthy: false, detail: stranger };
    const breakers = breakersIn(body);
    return { name, url, healthy: response.ok, detail: response.ok ? 'ok' : body.slice(0, 300), ...breakers };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    return { name, url, healthy: false, detail: cause };
  }
}

const bodySchema = z.object({ breakers: z.record(z.string(), z.string()) });

function breakersIn(body: string): Pick<ServiceHealth, 'breakers'> {
  try {
    return bodySchema.parse(JSON.parse(body));
  } catch {
    return {};
  }
}
