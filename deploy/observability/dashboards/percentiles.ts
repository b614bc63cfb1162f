import type { Alert } from '../alert.ts';
import type { Panel } from './panel.ts';

/** Median and 95th percentile of a histogram in seconds, by a label. */
export const percentiles = (
  title: string,
  description: string,
  metric: string,
  by = '',
  alerts: readonly Alert[] = [],
): Panel => ({
  title,
  description,
  unit: 's',
  kind: 'timeseries',
  alerts,
  queries: [0.5, 0.95].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (${by === '' ? 'le' : `${by}, le`}) (rate(${metric}_bucket[$__rate_interval])))`,
    legend: `${by === '' ? '' : `{{${by}}} `}p${quantile * 100}`,
  })),
});
