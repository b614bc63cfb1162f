import { z } from 'zod';
import { shortened } from '../answer-check.ts';

/** What of an answer was not as it was asked for, and did no harm. */
export const slips = [
  'thinking in the text',
  'a code fence',
  'words around the object',
  'a draft before it',
  'a cut',
  'another form of the list',
  'an extra key',
  'a number as text',
  'percentages',
  'probabilities that do not add up',
  'a long rationale',
  'no rationale',
  'a made-up price',
  'evidence by another name',
  'another symbol',
] as const;
export type Slip = (typeof slips)[number];

const MAX_TEXT_LENGTH = 20_000;
const MAX_RATIONALE = 400;
const MAX_EVIDENCE = 8;
const MAX_BPS = 300;
/** By which probabilities may miss 1; below the second it is rounding. */
const MOST_MISS = 0.1;
const ROUNDING = 0.02;

/**
 * The entries of an answer in a model's text, without thinking, fence and words around it: of its last document, since what stands before that is a draft, and of
 * one that is broken off those entries that are whole. Beside a text that was cut off nothing may stand: in the middle of its words, or of thinking that has no
 * mark, nobody knows what it would have ended with.
 *
 * @param wasCut at the token limit
 * @returns a fault instead where there is none
 */
export function entriesIn(content: string, wasCut: boolean): { entries: unknown[]; slips: Slip[] } | string {
  const text = content.trim();
  const answer = withoutThinking(text);
  if (answer === '') return text === '' ? 'it is blank' : 'it is blank but for its thinking';
  if (answer.length > MAX_TEXT_LENGTH) return `it is longer than ${MAX_TEXT_LENGTH} characters`;
  const all = documentsIn(answer);
  const lastList = all.findLastIndex(({ isList }) => isList);
  // Entries that stand one after the other, each by itself, are one answer.
  const chosen = all.slice(lastList === all.length - 1 ? Math.max(0, lastList) : lastList + 1);
  const entries = chosen.flatMap((each) => each.entries);
  if (entries.length === 0) {
    const beginning = JSON.stringify(answer.slice(0, 40).replaceAll(/\p{C}+/gu, ' '));
    const isJson = parsedJson(answer) !== undefined || chosen.some((each) => each.isJson);
    return isJson ? 'it has no list "signals" with an entry' : `it is no json object; it begins with ${beginning}`;
  }
  const { isFenced, hasWords } = around(answer, chosen);
  const isCut = wasCut || chosen.some(({ end }) => end === undefined);
  if (isCut && hasWords) return 'its views stand among words, of which nobody knows the end';
  const noted: [Slip, boolean][] = [
    ['thinking in the text', answer !== text],
    ['a code fence', isFenced],
    ['words around the object', hasWords && !isFenced],
    ['a draft before it', chosen.length < all.length],
  ];
  const own = chosen.flatMap(({ slips }) => slips);
  return { entries, slips: [...new Set([...noted.flatMap(([slip, is]) => (is ? [slip] : [])), ...own])] };
}

const thinking = String.raw`(?:seed:)?(?:think(?:ing)?|thoughts?|reason(?:ing)?|analysis|reflection|scratchpad)`;
/** Of the open models' templates: `<think>`, `[THINK]`, `◁think▷`, and the channels of gpt-oss. */
const endOfThinking = new RegExp(
  String.raw`^[^]*(?:[<[◁]\s*/\s*${thinking}\s*[>\]▷]|<\|channel\|>\s*final\s*<\|message\|>)`,
  'i',
);
const beginOfThinking = new RegExp(
  String.raw`(?:[<[◁]\s*${thinking}\s*[>\]▷]|<\|channel\|>\s*(?:analysis|commentary))[^]*$`,
  'i',
);

/** Models that think in their answer end that with a mark; some are sent its beginning, and give the end alone. */
function withoutThinking(text: string): string {
  if (parsedJson(text) !== undefined) return text;
  return text
    .replace(endOfThinking, '')
    .replace(beginOfThinking, '')
    .replace(/<\|(?:return|end)\|>\s*$/, '')
    .trim();
}

/** Json in a text that is, or was to be, an answer. */
interface Found {
  start: number;
  /** Missing where it does not end. */
  end?: number;
  isJson: boolean;
  /** Of the whole answer, and not one entry by itself. */
  isList: boolean;
  entries: unknown[];
  slips: Slip[];
}

function documentsIn(text: string): Found[] {
  const found: Found[] = [];
  const begin = /\{\s*"|\[\s*\{/g;
  for (let match = begin.exec(text); match; match = begin.exec(text)) {
    const start = match.index;
    const end = endOf(text, start);
    const json = text.slice(start, end);
    const value = end === undefined ? undefined : parsedJson(json);
    const list = value === undefined ? { entries: wholeEntries(json), slips: ['a cut' as const] } : listIn(value);
    const isList = json.startsWith('[') || json.includes('"signals"');
    if (list?.entries.length || isList || json.includes('"symbol"')) {
      const { entries = [], slips = [] } = list ?? {};
      found.push({ start, ...(end === undefined ? {} : { end }), isJson: value !== undefined, isList, entries, slips });
    }
    if (end === undefined) break;
    begin.lastIndex = end;
  }
  return found;
}

/** Behind the bracket that closes the one at `start`. */
function endOf(text: string, start: number): number | undefined {
  let depth = 0;
  let isText = false;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (isText && character === '\\') index += 1;
    else if (character === '"') isText = !isText;
    else if (!isText && '{['.includes(character)) depth += 1;
    else if (!isText && '}]'.includes(character)) depth -= 1;
    if (depth === 0) return index + 1;
  }
  return undefined;
}

/** What stands before, between and behind these but white space, commas and one fence. */
function around(text: string, chosen: readonly Found[]): { isFenced: boolean; hasWords: boolean } {
  const gaps = [...chosen, undefined].map((next, index) =>
    text.slice(index === 0 ? 0 : (chosen[index - 1]?.end ?? text.length), next?.start),
  );
  const words = gaps.map((gap) => gap.replaceAll(/```\w*|[\s,]+/g, ''));
  return { isFenced: gaps.some((gap) => gap.includes('```')), hasWords: words.some((each) => each !== '') };
}

function listIn(value: unknown): { entries: unknown[]; slips: Slip[] } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value))
    return value.length > 0 ? { entries: value, slips: ['another form of the list'] } : undefined;
  const { signals, ...others } = value as Record<string, unknown>;
  if (Array.isArray(signals) && signals.length > 0) {
    return { entries: signals, slips: Object.keys(others).length > 0 ? ['an extra key'] : [] };
  }
  return 'symbol' in others ? { entries: [value], slips: ['another form of the list'] } : undefined;
}

/** Objects with a symbol that are closed, of a text that as a whole is no json. */
function wholeEntries(text: string): unknown[] {
  const found: unknown[] = [];
  const open: number[] = [];
  let isText = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (isText && character === '\\') index += 1;
    else if (character === '"') isText = !isText;
    else if (!isText && character === '{') open.push(index);
    else if (!isText && character === '}') {
      const entry = text.slice(open.pop() ?? index, index + 1);
      const value = entry.includes('"symbol"') && !entry.includes('"signals"') ? parsedJson(entry) : undefined;
      if (value !== undefined) found.push(value);
    }
  }
  return found;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export interface SymbolReply {
  symbol: string;
  probabilities: { up: number; flat: number; down: number };
  expected_return_bps: number;
  conviction: number;
  rationale: string;
  evidence: string[];
  slips: Slip[];
}

const entrySchema = z.looseObject({
  symbol: z.string(),
  probabilities: z.looseObject({ up: z.unknown(), flat: z.unknown(), down: z.unknown() }),
  expected_return_bps: z.unknown(),
  conviction: z.unknown(),
  rationale: z.unknown().optional(),
  evidence: z.unknown().optional(),
});

/**
 * One entry as it was asked for, or what is wrong with it beyond what does no harm. No number is made up: one that is missing, or means nothing, is a fault.
 * @param shown the ids that were given for the symbol, with its name before a dot
 */
export function salvagedEntry(value: unknown, symbol: string, shown: ReadonlySet<string>): SymbolReply | string {
  const { data, error } = entrySchema.safeParse(value);
  if (!data) return `${error.issues[0]?.path.join('.')}: ${error.issues[0]?.message}`;
  const found = new Set<Slip>();
  const note = (slip: Slip): void => void found.add(slip);
  if (Object.keys(data).some((key) => !(key in entrySchema.shape))) note('an extra key');
  const probabilities = probabilitiesOf(data.probabilities, note);
  if (typeof probabilities === 'string') return probabilities;
  const bps = amountOf(data.expected_return_bps, note);
  // A percentage is a hundred basis points.
  const expected = bps && bps.value * (bps.unit === '%' ? 100 : 1);
  if (expected === undefined || Math.abs(expected) > MAX_BPS) {
    return `expected_return_bps: must be a number between -${MAX_BPS} and ${MAX_BPS}`;
  }
  const conviction = convictionOf(data.conviction, note);
  if (conviction === undefined) return 'conviction: must be a number between 0 and 1';
  const evidence = evidenceOf(data.evidence, symbol, shown, note);
  if (typeof evidence === 'string') return evidence;
  const rationale = rationaleOf(data.rationale, note);
  return { symbol, probabilities, expected_return_bps: expected, conviction, rationale, evidence, slips: [...found] };
}

type Note = (slip: Slip) => void;

function probabilitiesOf(
  given: Record<'up' | 'flat' | 'down', unknown>,
  note: Note,
): SymbolReply['probabilities'] | string {
  const amounts = [given.up, given.flat, given.down].map((each) => amountOf(each, note));
  const isMarked = amounts.some((each) => each?.unit === '%');
  const isPercent = isMarked || amounts.some((each) => each !== undefined && each.value > 1);
  // Where one says that it is a percentage, one that does not is none.
  const [up = Number.NaN, flat = Number.NaN, down = Number.NaN] = amounts.map((each) => {
    if (each === undefined || each.unit === 'bps') return Number.NaN;
    return each.unit === '%' || (isPercent && !isMarked) ? each.value / 100 : each.value;
  });
  const total = up + flat + down;
  if (!(Math.min(up, flat, down) >= 0 && Math.abs(total - 1) <= MOST_MISS)) return 'probabilities: must add up to 1';
  if (isPercent) note('percentages');
  if (Math.abs(total - 1) > ROUNDING) note('probabilities that do not add up');
  return { up: up / total, flat: flat / total, down: down / total };
}

/** Above 1 and up to 10 nobody knows which scale is meant: ten of ten, or of a hundred. */
function convictionOf(given: unknown, note: Note): number | undefined {
  const amount = amountOf(given, note);
  if (!amount || amount.unit === 'bps' || amount.value < 0) return undefined;
  const isPercent = amount.unit === '%' || amount.value > 10;
  if (isPercent) note('percentages');
  const conviction = amount.value / (isPercent ? 100 : 1);
  return conviction <= 1 ? conviction : undefined;
}

function amountOf(given: unknown, note: Note): { value: number; unit?: '%' | 'bps' } | undefined {
  if (typeof given === 'number') return Number.isFinite(given) ? { value: given } : undefined;
  const [, digits, unit] =
    /^\s*([+-]?\d+(?:\.\d+)?)\s*(%|bps?)?\s*$/i.exec(typeof given === 'string' ? given : '') ?? [];
  if (digits === undefined) return undefined;
  note('a number as text');
  const value = Number(digits);
  return unit === undefined ? { value } : { value, unit: unit === '%' ? '%' : 'bps' };
}

function evidenceOf(given: unknown, symbol: string, shown: ReadonlySet<string>, note: Note): string[] | string {
  const list: unknown[] = typeof given === 'string' ? [given] : Array.isArray(given) ? given : [];
  const ids = list.flatMap((id) => {
    if (typeof id !== 'string') return [];
    return [id, `${symbol}.${id}`].find((each) => shown.has(each)) ?? [];
  });
  const kept = [...new Set(ids)].slice(0, MAX_EVIDENCE);
  if (kept.length === 0) {
    const [first] = list;
    return typeof first === 'string'
      ? `evidence: ${JSON.stringify(shortened(first, 60))} is no evidence id that was given for ${symbol}`
      : 'evidence: is empty';
  }
  if (!Array.isArray(given) || kept.length < list.length || kept.some((id) => !list.includes(id))) {
    note('evidence by another name');
  }
  return kept;
}

function rationaleOf(given: unknown, note: Note): string {
  const words = typeof given === 'string' ? given.replaceAll(/\p{C}+/gu, ' ').trim() : '';
  if (words === '') note('no rationale');
  if (words.length > MAX_RATIONALE) note('a long rationale');
  return shortened(words, MAX_RATIONALE);
}
