import type { Panel } from './panel.ts';

/** Found within seconds; what calls a person about it comes minutes later. */
export const openCriticalIncidents: Panel = {
  title: 'Open critical incidents',
  description:
    'Incidents that are not over, before and after they need a person. Which ones: System Reliability, "./sapphire incident list".',
  unit: 'short',
  kind: 'stat',
  steps: [
    { value: null, color: 'green' },
    { value: 1, color: 'red' },
  ],
  queries: [{ expr: 'max(incidents_open{severity="critical"})', legend: 'critical' }],
};
