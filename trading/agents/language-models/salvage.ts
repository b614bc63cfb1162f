import { z } from 'zod';
import { shortened } from '../answer-check.ts';

/** What of an answer was not as it was asked for, and did no harm. */
export const slips = [
  'thinking in the text',
  'a code fence',
  'words around the object',
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
 * The entries of an answer in a model's text: the last json that holds some, without thinking, fence and words around it; of one that was cut off those that
 * are whole.
 * @returns a fault instead where there is none
 */
export function entriesIn(content: string): { entries: unknown[]; slips: Slip[] } | string {
  const text = content.trim();
  const answer = withoutThinking(text);
  if (answer === '') return text === '' ? 'it is blank' : 'it is blank but for its thinking';
  if (answer.length > MAX_TEXT_LENGTH) return `it is longer than ${MAX_TEXT_LENGTH} characters`;
  const thought: Slip[] = answer === text ? [] : ['thinking in the text'];
  const fenced = /```\w*\s*([^]*?)```/.exec(answer)?.[1] ?? '';
  const inside = answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1);
  const ways: [string, Slip[]][] = [
    [answer, []],
    [fenced, ['a code fence']],
    [inside, ['words around the object']],
  ];
  let isJson = false;
  for (const [candidate, slips] of ways) {
    const value = parsedJson(candidate);
    isJson ||= value !== undefined;
    const found = listIn(value);
    if (found) return { entries: found.entries, slips: [...thought, ...slips, ...found.slips] };
  }
  const whole = isJson ? [] : wholeEntries(answer);
  if (whole.length > 0) return { entries: whole, slips: [...thought, 'a cut'] };
  const beginning = JSON.stringify(answer.slice(0, 40).replaceAll(/\p{C}+/gu, ' '));
  return isJson ? 'it has no list "signals" with an entry' : `it is no json object; it begins with ${beginning}`;
}

/** Models that think in their answer end that with a mark; some are sent its beginning, and give the end alone. */
function withoutThinking(text: string): string {
  if (parsedJson(text) !== undefined) return text;
  const end = /^[^]*<\/think>/.exec(text)?.[0].length ?? 0;
  return text
    .slice(end)
    .replace(/<think>[^]*$/, '')
    .trim();
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
  const expected = bps && bps.value * (bps.isPercent ? 100 : 1);
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
  const [up, flat, down] = [given.up, given.flat, given.down].map((each) => amountOf(each, note)?.value ?? Number.NaN);
  if (up === undefined || flat === undefined || down === undefined) return 'probabilities: are not there';
  const total = up + flat + down;
  const isPercent = Math.max(up, flat, down) > 1;
  const one = isPercent ? 100 : 1;
  if (!(Math.min(up, flat, down) >= 0 && Math.abs(total / one - 1) <= MOST_MISS))
    return 'probabilities: must add up to 1';
  if (isPercent) note('percentages');
  if (Math.abs(total / one - 1) > ROUNDING) note('probabilities that do not add up');
  return { up: up / total, flat: flat / total, down: down / total };
}

/** Between 1 and 10 nobody knows which scale is meant. */
function convictionOf(given: unknown, note: Note): number | undefined {
  const amount = amountOf(given, note);
  if (!amount || amount.value < 0) return undefined;
  const isPercent = amount.isPercent || amount.value >= 10;
  if (isPercent) note('percentages');
  const conviction = amount.value / (isPercent ? 100 : 1);
  return conviction <= 1 ? conviction : undefined;
}

function amountOf(given: unknown, note: Note): { value: number; isPercent: boolean } | undefined {
  if (typeof given === 'number') return Number.isFinite(given) ? { value: given, isPercent: false } : undefined;
  const [, digits, unit] =
    /^\s*([+-]?\d+(?:\.\d+)?)\s*(%|bps?)?\s*$/i.exec(typeof given === 'string' ? given : '') ?? [];
  if (digits === undefined) return undefined;
  note('a number as text');
  return { value: Number(digits), isPercent: unit === '%' };
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
