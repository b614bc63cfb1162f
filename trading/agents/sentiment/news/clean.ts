const MAX_LENGTH = 600;

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/**
 * Words of others as plain text: no markup, no entities, no control or zero-width characters, normalised (NFKC), of bounded length. What was
 * hidden from a reader's eye is hidden from the model as well. No pattern looks past the next bracket or runs twice over the same text: a feed
 * of brackets would hold up every agent of the process otherwise.
 */
export function plainText(raw: string, length = MAX_LENGTH): string {
  return decoded(
    decoded(raw.slice(0, 20 * length)).replaceAll(/<(?:script|style)[^<>]*>[^]*?(?:<\/(?:script|style)>|$)/giu, ' '),
  )
    .replaceAll(/<[^<>]*>/gu, ' ')
    .normalize('NFKC')
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}<>]+/gu, ' ')
    .replaceAll(/\s+/gu, ' ')
    .trim()
    .slice(0, length);
}

function decoded(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/giu, (whole: string, decimal, hex, name) => {
    const known = typeof name === 'string' ? entities[name.toLowerCase()] : undefined;
    if (known !== undefined) return known;
    const code =
      typeof decimal === 'string' ? Number(decimal) : typeof hex === 'string' ? Number.parseInt(hex, 16) : Number.NaN;
    return code > 0 && code <= 0x10_ff_ff && !(code >= 0xd8_00 && code <= 0xdf_ff) ? String.fromCodePoint(code) : whole;
  });
}
