import type { Alert, AlertGroup } from '../alert.ts';

const exhaustion = (
  resource: string,
  expr: string,
  hold: string,
  severity: 'critical' | 'warning',
  description: string,
): Alert => ({
  name: 'TradingResourceExhaustion',
  expr,
  for: hold,
  severity,
  labels: { resource },
  summary: 'A resource is nearly used up.',
  description,
});

/** Room, memory, and time to think. */
export const resources: AlertGroup = {
  name: 'trading-resources.alerts',
  alerts: [
    exhaustion(
      'disk',
      'max by (instance) (1 - data_disk_free_bytes / data_disk_size_bytes) > 0.9',
      '1m',
      'critical',
      'The disk of the data folder is {{ $value | humanizePercentage }} full: a full one ends trading.',
    ),
    exhaustion(
      'disk-forecast',
      'predict_linear(data_disk_free_bytes[1h], 4 * 3600) < 0 and data_disk_free_bytes / data_disk_size_bytes < 0.5',
      '10m',
      'warning',
      'At the rate of the last hour the disk of the data folder is full within four hours.',
    ),
    exhaustion(
      'memory',
      'max by (job) (process_resident_memory_bytes{job=~"trading-.+"}) > 1.5e9',
      '5m',
      'warning',
      '{{ $labels.job }} holds {{ $value | humanize1024 }}B of memory.',
    ),
    exhaustion(
      'event-loop',
      'max by (job) (nodejs_eventloop_lag_p99_seconds{job=~"trading-.+"}) > 0.5',
      '5m',
      'warning',
      'The event loop of {{ $labels.job }} stands still for {{ $value | humanizeDuration }} at a time: it has too much to do.',
    ),
    exhaustion(
      'file-descriptors',
      'max by (job) (process_open_fds{job=~"trading-.+"} / process_max_fds) > 0.9',
      '1m',
      'critical',
      '{{ $labels.job }} has {{ $value | humanizePercentage }} of its file descriptors open.',
    ),
  ],
};
