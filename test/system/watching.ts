import { z } from 'zod';

const answerSchema = z.object({
  status: z.string(),
  error: z.string().optional(),
  data: z.object({ result: z.array(z.unknown()) }).optional(),
});
const rulesSchema = z.object({
  data: z.object({
    groups: z.array(z.object({ rules: z.array(z.object({ name: z.string(), health: z.string() })) })),
  }),
});
const alertsSchema = z.array(
  z.object({ labels: z.record(z.string(), z.string()), receivers: z.array(z.object({ name: z.string() })) }),
);

/** How many series a query of this Prometheus gives; a query that it refuses is an error. */
export async function seriesOf(port: number, query: string): Promise<number> {
  const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`;
  const { status, error, data } = answerSchema.parse(await (await fetch(url)).json());
  if (status !== 'success') throw new Error(`${query}: ${error}`);
  return data?.result.length ?? 0;
}

/** Every rule that this Prometheus evaluates, and whether it can. */
export async function rulesOf(port: number): Promise<{ name: string; health: string }[]> {
  const { data } = rulesSchema.parse(await (await fetch(`http://127.0.0.1:${port}/api/v1/rules`)).json());
  return data.groups.flatMap(({ rules }) => rules);
}

/** Whom this Alertmanager tells of an alert; nothing while the alert is not there. */
export async function receiversOf(port: number, alert: string): Promise<string[] | undefined> {
  const alerts = alertsSchema.parse(await (await fetch(`http://127.0.0.1:${port}/api/v2/alerts`)).json());
  return alerts.find(({ labels }) => labels['alertname'] === alert)?.receivers.map(({ name }) => name);
}
