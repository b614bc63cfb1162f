/** A time on every chart at which something was done that explains what follows. */
export interface Annotation {
  name: string;
  /** PromQL, asked each half minute of the time that is shown; it marks while it gives a series. */
  expr: string;
  color: string;
  heading: string;
  text: string;
}

export const annotations: readonly Annotation[] = [
  {
    name: 'Restarts',
    expr: 'changes(process_start_time_seconds{job=~"trading-.+"}[1m]) > 0',
    color: 'orange',
    heading: 'Restart',
    text: '{{job}}',
  },
  {
    name: 'Releases',
    expr: 'max by (build) (workflow_build_info) unless max by (build) (max_over_time(workflow_build_info[1d] offset 1m))',
    color: 'blue',
    heading: 'Release',
    text: '{{build}}',
  },
  {
    name: 'Halts',
    expr: 'max by (portfolio, mode) (trading_state) == 2',
    color: 'red',
    heading: 'Halted',
    text: '{{portfolio}} ({{mode}})',
  },
];
