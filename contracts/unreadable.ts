/** What arrives in the place of a value that could not be decoded: every schema refuses it, and a stop that nobody can read is a stop. */
export interface Unreadable {
  /** Encoding as its sender named it, e.g. `binary/encrypted`: one printable line. */
  readonly unreadable: string;
}

/** The encoding of what stands for a value that could not be decoded; undefined for every other value. Never throws. */
export function unreadableEncoding(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const [name, ...others] = Object.keys(value);
  if (name !== 'unreadable' || others.length > 0) return undefined;
  const encoding: unknown = Reflect.get(value, 'unreadable');
  return typeof encoding === 'string' ? encoding : undefined;
}
