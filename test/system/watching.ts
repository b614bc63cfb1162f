import { z } from 'zod';
import { observerAuthorization } from '../../client/stack/observer-access.ts';

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
  z.object({
    labels: z.record(z.string(), z.string()),
    receivers: z.array(z.object({ name: z.string() })),
    endsAt: z.iso.datetime(),
  }),
);

/** Asks a watcher of the stack that keeps its data in this folder. */
async function ask(data: string, port: number, path: string): Promise<unknown> {
  const headers = { authorization: observerAuthorization(data) };
  return (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).json();
}

/** How many series a query of this Prometheus gives; a query that it refuses is an error. */
export async function seriesOf(folder: string, port: number, query: string): Promise<number> {
  const path = `/api/v1/query?query=${encodeURIComponent(query)}`;
  const { status, error, data } = answerSchema.parse(await ask(folder, port, path));
  if (status !== 'success') throw new Error(`${query}: ${error}`);
  return data?.result.length ?? 0;
}

/** Every rule that this Prometheus evaluates, and whether it can. */
export async function rulesOf(folder: string, port: number): Promise<{ name: string; health: string }[]> {
  const { data } = rulesSchema.parse(await ask(folder, port, '/api/v1/rules'));
  return data.groups.flatMap(({ rules }) => rules);
}

/** Of each alert that this Alertmanager knows, by name: whom it tells, and when it ends unless it is heard of again, in UTC epoch milliseconds. */
export async function toldAlerts(
  folder: string,
  port: number,
): Promise<Map<string, { receivers: string[]; endsAt: number }>> {
  const alerts = alertsSchema.parse(await ask(folder, port, '/api/v2/alerts'));
  return new Map(
    alerts.map(({ labels, receivers, endsAt }) => [
      labels['alertname'] ?? '',
      { receivers: receivers.map(({ name }) => name), endsAt: Date.parse(endsAt) },
    ]),
  );
}

/** Whom this Alertmanager tells of an alert; nothing while the alert is not there. */
export async function receiversOf(folder: string, port: number, alert: string): Promise<string[] | undefined> {
  return (await toldAlerts(folder, port)).get(alert)?.receivers;
}
