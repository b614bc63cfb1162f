import { type Logger, pino } from 'pino';
import { correlationId } from './correlation.ts';
import { loggable } from './logged-error.ts';
import { metrics } from './metrics.ts';

export type { Logger };

export interface LoggerOptions {
  /** Name of the process, e.g. `workers/cycles`. */
  process: string;
  level: string;
  /** Values that must never be printed, whatever field or message they turn up in. */
  secrets?: readonly string[];
  /** Where the lines go; stderr without one. */
  destination?: { write(line: string): void };
}

/**
 * JSON lines with `time` (UTC, ISO 8601), `level`, `process`, `correlationId` and `msg`. Secrets are removed by value from the finished
 * line, since a redaction by key misses the ones inside error messages.
 */
export function createLogger({
  process: name,
  level,
  secrets = [],
  destination = process.stderr,
}: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: { process: name },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }), log: loggableFields },
      // Its own serializer would take what was serialised for an error once more.
      serializers: { err: (value: unknown) => value },
      // A line that names its own keeps it.
      mixin: () => (correlationId() === undefined ? {} : { correlationId: correlationId() }),
      mixinMergeStrategy: (own, mixed) => ({ ...mixed, ...own }),
    },
    {
      write: (line: string) => {
        try {
          const clean = scrub(line, secrets);
          destination.write(clean);
          metrics.logBytes.inc(Buffer.byteLength(clean));
        } catch {
          // On a full disk a line is lost, and counted; the work that it tells of is not to fail by it.
          metrics.logLinesLost.inc();
        }
      },
    },
  );
}

/** An error is written in full under whatever name it comes: ours is `err`, that of Temporal's SDK `error`. */
function loggableFields(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, loggable(value)]));
}

/** Replaces each secret of four or more characters, as it is and as JSON and URLs write it. */
export function scrub(line: string, secrets: readonly string[]): string {
  let clean = line;
  for (const secret of secrets) {
    if (secret.length < 4) continue;
    for (const form of new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])) {
      clean = clean.replaceAll(form, '[secret]');
    }
  }
  return clean;
}
