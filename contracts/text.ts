import { z } from 'zod';

/** Control, format and unassigned characters, lone surrogates, and the two characters besides the newline that end a line. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]+/gu;

/** One line that can neither move a terminal's cursor nor hide or forge text: each run of unprintable characters becomes a space. */
export function oneLine(text: string): string {
  return text.replace(unprintable, ' ');
}

/** The same without space around it. */
export function printable(text: string): string {
  return oneLine(text).trim();
}

/**
 * Any value as one printable line of at most `maxBytes` bytes of UTF-8, cut between two characters. Objects become JSON where they can, null and
 * undefined nothing. Never throws, so that what cannot be understood can still be acted on.
 */
export function plainText(value: unknown, maxBytes: number): string {
  return cut(printable(asText(value)), maxBytes).trimEnd();
}

export const maxReasonLength = 400;

/** Why somebody did something: one printable line. Longer ones are refused, since a cut one would stand in the audit trail as if it were whole. */
export const reasonSchema = z
  .string('a reason is text')
  .overwrite(printable)
  .min(1, 'a reason needs at least one printable character')
  .max(maxReasonLength, {
    error: ({ input }) =>
      `a reason has ${maxReasonLength} characters at most, this one has ${typeof input === 'string' ? input.length : 'more'}`,
  });

function asText(value: unknown): string {
  try {
    if (typeof value === 'string') return value;
    if (value === null || value === undefined) return '';
    if (value instanceof Error) return String(value);
    const json: unknown = typeof value === 'object' ? JSON.stringify(value) : undefined;
    return typeof json === 'string' ? json : printedByForce(value);
  } catch {
    return printedByForce(value);
  }
}

/** For circles, and for objects whose toJSON or toString throws. */
function printedByForce(value: unknown): string {
  try {
    return String(value);
  } catch {
    return `(${typeof value})`;
  }
}

function cut(text: string, maxBytes: number): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += utf8Length(character.codePointAt(0) ?? 0);
    if (!(bytes <= maxBytes)) break;
    end += character.length;
  }
  return text.slice(0, end);
}

function utf8Length(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}
