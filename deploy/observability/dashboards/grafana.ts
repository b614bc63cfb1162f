import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  TableSortByFieldStateBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import type {
  Dashboard,
  Panel as SdkPanel,
  SpecialValueMap,
  ValueMap,
} from '@grafana/grafana-foundation-sdk/dashboard';
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  RowBuilder,
  SpecialValueMatch,
  TextBoxVariableBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { type Step, stepsOf } from '../bounds.ts';
import { RUNBOOKS } from '../runbooks.ts';
import { annotations } from './annotations.ts';
import { type Board, NEUTRAL, type Panel, type States, type Table } from './panel.ts';

const TAG = 'sapphire';
const NO_DATA = 'no data';
/** Where a person reads a runbook: the variable's value, then the alert's name. */
const runbook = (name: string): string => `\${runbooks}/${name}.md`;

const datasource = { type: 'prometheus', uid: '$datasource' };

function mappingOf(states: States): ValueMap {
  const options = Object.entries(states).map(([value, [text, color]], index) => [value, { text, color, index }]);
  return { type: MappingType.ValueToText, options: Object.fromEntries(options) };
}

/** Without it a stat that has no value has its first step's colour: green where nobody tells, or red where there was nothing yet. */
function nothingOf(empty: string | undefined): SpecialValueMap {
  const result = { text: empty ?? NO_DATA, color: empty === undefined ? 'orange' : 'blue' };
  return { type: MappingType.SpecialValue, options: { match: SpecialValueMatch.NullAndNan, result } };
}

/** Grafana's own default is green below 80 and red from there: no panel is left to it. */
function thresholdsOf({ kind, states, steps, alerts = [] }: Panel): readonly Step[] {
  if (states !== undefined) {
    const known = Object.entries(states).map(([value, [, color]]) => ({ value: Number(value), color }));
    return known.map((step, place) => (place === 0 ? { ...step, value: null } : step));
  }
  if (steps !== undefined) return steps;
  return alerts.length > 0 || kind === 'table' ? stepsOf(alerts) : NEUTRAL;
}

function builderOf(panel: Panel, thresholds: readonly Step[]) {
  const colors = new FieldColorBuilder().mode(FieldColorModeId.Thresholds);
  switch (panel.kind) {
    case 'stat': {
      const mode = thresholds.length > 1 ? BigValueColorMode.Background : BigValueColorMode.Value;
      return new StatBuilder()
        .colorMode(mode)
        .graphMode(BigValueGraphMode.None)
        .colorScheme(colors)
        .height(4)
        .span(panel.queries.length > 1 ? 12 : 4);
    }
    case 'timeseries': {
      const mode = thresholds.length > 1 ? GraphThresholdsStyleMode.Dashed : GraphThresholdsStyleMode.Off;
      return new TimeseriesBuilder()
        .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(mode))
        .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
        .height(8)
        .span(8);
    }
    case 'state-timeline':
      return new StateTimelineBuilder().colorScheme(colors).height(8).span(8);
    default:
      return tableOf(panel.table).colorScheme(colors).height(8).span(12);
  }
}

function tableOf({ hidden, values, descending, states = {}, runbooks }: Table): TableBuilder {
  const cell = { id: 'custom.cellOptions', value: { type: 'color-background' } };
  const builder = new TableBuilder()
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: Object.fromEntries(['Time', ...hidden].map((name) => [name, true])),
        renameByName: { Value: values },
      },
    })
    .sortBy([new TableSortByFieldStateBuilder().displayName(values).desc(descending)])
    .overrideByName(values, [cell]);
  for (const [column, known] of Object.entries(states))
    builder.overrideByName(column, [{ id: 'mappings', value: [mappingOf(known)] }, cell]);
  if (runbooks !== undefined) {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in.
    const links = [{ title: 'Runbook', url: runbook('${__value.text}'), targetBlank: true }];
    builder.overrideByName(runbooks, [{ id: 'links', value: links }]);
  }
  return builder;
}

function panelOf(panel: Panel): cog.Builder<SdkPanel> {
  const { title, description, unit, kind, queries, alerts = [], states, empty } = panel;
  const thresholds = thresholdsOf(panel);
  const builder = builderOf(panel, thresholds);
  builder
    .title(title)
    .description(description)
    .unit(unit)
    .datasource(datasource)
    .noValue(empty ?? NO_DATA);
  builder.thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...thresholds]));
  const named = states === undefined ? [] : [mappingOf(states)];
  const mappings = kind === 'stat' ? [...named, nothingOf(empty)] : named;
  if (mappings.length > 0) builder.mappings(mappings);
  builder.links(
    [...new Set(alerts.map(({ name }) => name))].map((name) =>
      new DashboardLinkBuilder(`Runbook: ${name}`).type(DashboardLinkType.Link).url(runbook(name)).targetBlank(true),
    ),
  );
  for (const [place, { expr, legend }] of queries.entries()) {
    const query = new DataqueryBuilder()
      .expr(expr)
      .legendFormat(legend)
      .refId(String.fromCharCode(65 + place))
      .datasource(datasource);
    if (kind === 'table') query.format(PromQueryFormat.Table);
    // A stat takes the last value that there is: of a range it may be hours old.
    builder.withTarget(kind === 'table' || kind === 'stat' ? query.instant() : query);
  }
  return builder;
}

/** Grafana's model of a dashboard. */
export function dashboardOf({ uid, title, description, rows }: Board): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([TAG, 'generated'])
    .readonly()
    .refresh('30s')
    .time({ from: 'now-3h', to: 'now' })
    .timezone('utc')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'))
    .withVariable(
      new TextBoxVariableBuilder('runbooks')
        .label('Runbooks at')
        .description('Address of the folder deploy/runbooks where you read it, as in the web view of your repository.')
        .defaultValue(RUNBOOKS.replace(/^deploy/, '/deploy')),
    )
    .link(
      new DashboardLinkBuilder('Sapphire')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .includeVars(true)
        .keepTime(true),
    );
  for (const { name, expr, color, heading, text } of annotations) {
    builder.annotation(
      new AnnotationQueryBuilder()
        .name(name)
        .datasource(datasource)
        .enable(true)
        .iconColor(color)
        .target(new DataqueryBuilder().expr(expr).refId('Anno').datasource(datasource).interval('30s'))
        .titleFormat(heading)
        .textFormat(text),
    );
  }
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) builder.withPanel(panelOf(panel));
  }
  const dashboard = builder.build();
  // Links to a panel go by its number, which the builder leaves out.
  for (const [place, panel] of (dashboard.panels ?? []).entries()) panel.id = place + 1;
  // The builder's default hides them in a menu.
  for (const shown of [...(dashboard.links ?? []), ...(dashboard.annotations?.list ?? [])]) delete shown.placement;
  return dashboard;
}
