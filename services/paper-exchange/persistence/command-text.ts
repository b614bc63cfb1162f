import type { LoggedCommand } from '../market/simulation.ts';

/** Big integers are written as `{"units":"123"}`, so that the text holds them exactly. */
export function encodeCommand(command: LoggedCommand): string {
  return JSON.stringify(command, (_key, value: unknown) =>
    typeof value === 'bigint' ? { units: value.toString() } : value,
  );
}

/** Reads what `encodeCommand` wrote; the log has no other writer. */
export function decodeCommand(body: string): LoggedCommand {
  return JSON.parse(body, (_key, value: unknown) => {
    if (typeof value === 'object' && value !== null && 'units' in value && typeof value.units === 'string') {
      return BigInt(value.units);
    }
    return value;
  }) as LoggedCommand;
}
