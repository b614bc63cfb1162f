import type { SymbolFeatures } from '../features.ts';
import type { Facts } from './prompt.ts';

const MAX_HEADLINE = 160;

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/**
 * The question of the prompts that hear more, word for word that of `signal/2`.
 *
 * @param unknown what is said to be missing, a sentence each
 */
export function userWords(
  features: readonly SymbolFeatures[],
  facts: Facts,
  nonce: string,
  unknown: readonly string[],
): string {
  const { takenAt, horizonMinutes, record, withoutNews } = facts;
  const now = new Date(takenAt);
  const lines = features.flatMap(({ evidence, series = [] }) => [
    ...evidence.map(({ id, value }) => `${id} = ${value}`),
    ...series.map(({ id, values }) => `${id} = ${values.join(' ')}`),
  ]);
  const news = features.flatMap(({ symbol, headlines = [] }) =>
    headlines.map((each) => `${symbol}: ${headline(each)}`),
  );
  return [
    `Horizon: ${horizonMinutes} minutes. It is ${days[now.getUTCDay()]}, ${now.toISOString().slice(11, 16)} UTC.`,
    `Symbols: ${features.map(({ symbol }) => symbol).join(', ')}.`,
    record ?? 'Nothing is known yet of what your views are worth.',
    `<data ${nonce}>`,
    ...lines,
    `</data ${nonce}>`,
    ...(withoutNews === undefined
      ? [`<news ${nonce}>`, ...(news.length > 0 ? news : ['none of these symbols']), `</news ${nonce}>`]
      : [`News: ${withoutNews}.`]),
    ...unknown,
    'Answer with the json object.',
  ].join('\n');
}

function headline(text: string): string {
  return text
    .replaceAll(/[\s<>]+/gu, ' ')
    .slice(0, MAX_HEADLINE)
    .trim();
}
