import { z } from 'zod';

const bodySchema = z.object({ service: z.string() });

/**
 * Why an answer of /healthz or /readyz is not that of the process that should have the port: a program of others, or another of ours, may answer
 * there with 200, and would be taken for it. Undefined where it is that process's.
 */
export function strangerIn(body: string, { name, url }: { name: string; url: string }): string | undefined {
  const service = serviceIn(body);
  if (service === name) return undefined;
  const who =
    service === undefined
      ? 'it does not name itself, so it is no process of ours, or one of an earlier release'
      : `it names itself ${service.slice(0, 100)}`;
  return `somebody else answers at ${url} in place of ${name}: ${who}`;
}

function serviceIn(body: string): string | undefined {
  try {
    return bodySchema.parse(JSON.parse(body)).service;
  } catch {
    return undefined;
  }
}
