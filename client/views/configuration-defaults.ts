import { configurationSchema } from '../../contracts/config/schema.ts';
import { at, type DescribedKey, tradingKeys } from './configuration-keys.ts';

/** A trading.yml that says what holds without one: each key with its default, and as a remark those that have none. */
export function defaultsYaml(): string {
  const defaults = configurationSchema.parse({});
  const { kind } = defaults.paperExchange.market;
  const keys = tradingKeys().filter(
    ({ path, of }) => !path.includes('[]') && (of === undefined || of === `kind: ${kind}`),
  );
  return [
    '# Every key of trading.yml with its default. What has none stands behind a #, with an example of what it takes.',
    ...linesOf(
      keys.map((key) => ({ ...key, default: at(defaults, key.path) })),
      0,
    ),
    '',
  ].join('\n');
}

function linesOf(keys: readonly DescribedKey[], depth: number): string[] {
  const names = [...new Set(keys.map(({ path }) => path[depth] ?? ''))];
  return names.flatMap((name) => {
    const inside = keys.filter(({ path }) => path[depth] === name);
    const own = inside.filter(({ path }) => path.length === depth + 1);
    if (own.length > 0) return own.slice(0, 1).flatMap((key) => entry(key, depth));
    const lines = linesOf(inside, depth + 1);
    const isEmpty = lines.every((line) => line.trimStart().startsWith('#'));
    return [`${'  '.repeat(depth)}${isEmpty ? '# ' : ''}${name}:`, ...lines];
  });
}

function entry({ path, kind, default: value, meaning }: DescribedKey, depth: number): string[] {
  const indent = '  '.repeat(depth);
  const name = path.at(-1) ?? '';
  return [
    `${indent}# ${meaning}`,
    `${indent}${value === undefined ? `# ${name}: ${kind}` : `${name}: ${JSON.stringify(value)}  # ${kind}`}`,
  ];
}
