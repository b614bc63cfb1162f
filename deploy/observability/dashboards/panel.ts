import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import type { Dashboard, Panel as SdkPanel } from '@grafana/grafana-foundation-sdk/dashboard';
import { DashboardBuilder, DatasourceVariableBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

export interface Query {
  /** PromQL; rates over `$__rate_interval`. */
  expr: string;
  legend: string;
}

export interface Panel {
  title: string;
  /** What it shows, and what would be wrong. */
  description: string;
  /** Of Grafana's units, e.g. `s`, `percentunit`, `short`. */
  unit: string;
  kind: 'stat' | 'timeseries';
  queries: readonly Query[];
}

export interface Board {
  /** Its file's name, too. */
  uid: string;
  title: string;
  description: string;
  rows: readonly { title: string; panels: readonly Panel[] }[];
}

const datasource = { type: 'prometheus', uid: '$datasource' };

function panelOf({ title, description, unit, kind, queries }: Panel): cog.Builder<SdkPanel> {
  const builder = kind === 'stat' ? new StatBuilder() : new TimeseriesBuilder();
  builder.title(title).description(description).unit(unit).datasource(datasource);
  builder.height(kind === 'stat' ? 4 : 8).span(kind === 'stat' ? 4 : 8);
  for (const [place, { expr, legend }] of queries.entries()) {
    builder.withTarget(
      new DataqueryBuilder()
        .expr(expr)
        .legendFormat(legend)
        .refId(String.fromCharCode(65 + place))
        .datasource(datasource),
    );
  }
  return builder;
}

/** Grafana's model of a dashboard. */
export function dashboardOf({ uid, title, description, rows }: Board): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['sapphire', 'generated'])
    .readonly()
    .refresh('30s')
    .time({ from: 'now-3h', to: 'now' })
    .timezone('utc')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) builder.withPanel(panelOf(panel));
  }
  const dashboard = builder.build();
  // Links to a panel go by its number, which the builder leaves out.
  for (const [place, panel] of (dashboard.panels ?? []).entries()) panel.id = place + 1;
  return dashboard;
}
