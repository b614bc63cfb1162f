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
      'predict_linear(data_disk_free_bytes[1h], 4 * 3600) < 0 and data_disk_free_bytes / data_disk_size_bytes < 0.5 and data_disk_free_bytes offset 1h',
      '10m',
      'warning',
      'At the rate of the last hour the disk of the data folder is full within four hours.',
    ),
    exhaustion(
      'memory',
      // None of ours needs a third of it.
      'max by (job) (process_resident_memory_bytes{job=~"trading-.+"}) > 1.5e9',
      '30s',
      'warning',
      '{{ $labels.job }} holds {{ $value | humanize1024 }}B of memory.',
    ),
    exhaustion(
      'memory-forecast',
      'max by (job) ((predict_linear(process_resident_memory_bytes{job=~"trading-.+"}[30m], 2 * 3600) - process_resident_memory_bytes) / memory_available_bytes and process_resident_memory_bytes offset 30m) > 1',
      '5m',
      'warning',
      'At the rate of the last half hour {{ $labels.job }} uses up the memory that is left within two hours.',
    ),
    exhaustion(
      'memory-left',
      'max(1 - memory_available_bytes / memory_limit_bytes) > 0.95',
      '30s',
      'critical',
      '{{ $value | humanizePercentage }} of the memory of the machine, or of what its container may have, is used: the next process to ask for more is ended.',
    ),
    exhaustion(
      'cpu',
      'max by (job) (rate(process_cpu_seconds_total{job=~"trading-.+"}[5m])) > 0.9',
      '10m',
      'warning',
      '{{ $labels.job }} has used {{ $value | printf "%.1f" }} cores for a quarter of an hour.',
    ),
    exhaustion(
      'log',
      'sum by (job) (rate(log_bytes_total[5m])) > 100e3',
      '2m',
      'warning',
      '{{ $labels.job }} writes {{ $value | humanize1024 }}B of log a second: what led to it is soon rotated away.',
    ),
    exhaustion(
      'event-loop',
      // Over a window: a loop that stands still fails its own scrapes, and each that fails would begin the wait anew.
      'max by (job) (avg_over_time(nodejs_eventloop_lag_p99_seconds{job=~"trading-.+"}[2m])) > 0.5',
      '1m',
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
