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

/** Addresses without their queries: errors of HTTP clients name what was asked, and an exchange's signature stands in its query. */
export function withoutQueries(text: string): string {
  return text.replaceAll(/\S+/g, (word) => (word.includes('://') ? word.replace(/\?.*/, '') : word));
}

/**
 * Text that a person has to give, as one printable line. What is too long is refused with its number: a cut one would stand in the audit trail as if
 * it were whole.
 *
 * @param what for the refusal, e.g. `a reason`
 */
export function lineSchema(what: string, maxLength: number): z.ZodString {
  return z
    .string(`${what} is text`)
    .overwrite(printable)
    .min(1, `${what} needs at least one printable character`)
    .max(maxLength, {
      error: ({ input }) =>
        `${what} has ${maxLength} characters at most, this one has ${typeof input === 'string' ? input.length : 'more'}`,
    });
}

export const maxReasonLength = 400;
/** Why somebody did something. */
export const reasonSchema = lineSchema('a reason', maxReasonLength);
/** Who says that they did it. */
export const nameSchema = lineSchema('a name', 100);
/** What a person calls something in the books, e.g. a transfer. */
export const referenceSchema = lineSchema('a reference', 200);

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
