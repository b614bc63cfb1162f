import { counted, type Report, within } from './query.ts';

export const sizing: Report = {
  name: 'sizing',
  title: 'What decides the sizes',
  description:
    'Shares of equity that views asked for, by day: how many a cap cut, of one symbol, of a portfolio or of everything, and what was asked for and let through in the middle of them. Where more than half are cut, the caps decide and not the method: expected returns are believed too well, or the caps are tight. Medians are approximate.',
  columns: [
    { name: 'day', title: 'day', unit: 'day' },
    { name: 'sizes', title: 'sizes', unit: 'count' },
    { name: 'capped', title: 'cut by a cap', unit: 'count' },
    { name: 'share', title: 'of all', unit: 'share' },
    { name: 'wanted', title: 'asked for, median', unit: 'share' },
    { name: 'allowed', title: 'let through, median', unit: 'share' },
    { name: 'note', title: 'note', unit: 'text' },
  ],
  sql: (d, range) => `
WITH sizes AS (
  SELECT ${d.day('event_at')} AS day, COUNT(*) AS n, ${counted("bound_by <> ''")} AS capped,
    ${d.quantile('wanted', 0.5)} AS wanted, ${d.quantile('share', 0.5)} AS allowed
  FROM ${d.table('allocations')} WHERE kind = 'symbol' AND wanted > 0 AND ${within(d, range)} GROUP BY 1
)
SELECT day, ${d.double('n')} AS sizes, ${d.double('capped')} AS capped, capped / n AS share, ${d.double('wanted')} AS wanted,
  ${d.double('allowed')} AS allowed, CASE WHEN 2 * capped > n THEN 'caps decide most sizes' ELSE '' END AS note
FROM sizes ORDER BY day`,
};
