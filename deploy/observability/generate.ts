import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { alertmanagerFile } from './alertmanager.ts';
import { askedNames } from './asked-series.ts';
import { agentPerformance } from './dashboards/agent-performance.ts';
import { dashboardOf } from './dashboards/grafana.ts';
import type { Board } from './dashboards/panel.ts';
import { performanceMetrics } from './dashboards/performance-metrics.ts';
import { systemReliability } from './dashboards/system-reliability.ts';
import { tradingOverview } from './dashboards/trading-overview.ts';
import { ruleFile } from './rules.ts';

const folder = join(import.meta.dirname, 'generated');

export const boards: readonly Board[] = [tradingOverview, agentPerformance, systemReliability, performanceMetrics];

/** Everything that is generated here, by its path. */
export function generatedFiles(): Record<string, string> {
  const dashboards = boards.map((board) => [
    `dashboards/${board.uid}.json`,
    `${JSON.stringify(dashboardOf(board), null, 2)}\n`,
  ]);
  const asked = stringify(askedNames(boards));
  return {
    'rules.yml': ruleFile(),
    'alertmanager.yml': alertmanagerFile(),
    'asked-series.yml': asked,
    ...Object.fromEntries(dashboards),
  };
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(generatedFiles())) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    process.stdout.write(`${file}\n`);
  }
}
