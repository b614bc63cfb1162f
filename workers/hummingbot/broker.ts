import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { type EngineState, performanceSchema } from '../../contracts/hummingbot.ts';
import type { Logger } from '../../contracts/telemetry/logger.ts';

/** Name of the engine on its topics. */
export const INSTANCE = 'sapphire';
const ROOT = `hbot/${INSTANCE}`;
const REPLY_TOPIC = 'sapphire/replies';

export interface EngineLine {
  /** Newest report of each controller. */
  controllers(): EngineState['controllers'];
  /** Forgets what an engine said that has ended. */
  forget(): void;
  /** Asks the engine to cancel its orders and to stop its strategy; it may not be there to hear it. */
  askToStop(): void;
  close(): Promise<void>;
}

/** The broker that the engine insists on, on this machine alone, and what it says there. What does not keep its contract is logged and ignored. */
export async function openEngineLine(port: number, logger: Logger): Promise<EngineLine> {
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle);
  const reports = new Map<string, EngineState['controllers'][number]>();
  broker.on('publish', ({ topic, payload }) => {
    if (topic === `${ROOT}/performance`) hear(payload.toString());
  });

  function hear(text: string): void {
    const parsed = performanceSchema.safeParse(json(text));
    if (!parsed.success) {
      logger.warn({ fault: parsed.error.issues[0]?.message, text: text.slice(0, 300) }, 'a report that is none');
      return;
    }
    for (const [id, report] of Object.entries(parsed.data)) {
      if (!report) continue;
      reports.set(id, {
        id,
        reportedAt: Math.round(report.at * 1_000),
        realizedPnl: report.realized_pnl,
        unrealizedPnl: report.unrealized_pnl,
        volume: report.volume,
        ...(report.view ? { view: report.view } : {}),
      });
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    controllers: () => [...reports.values()],
    forget: () => reports.clear(),
    askToStop: () => {
      const request = { header: { reply_to: REPLY_TOPIC }, data: { skip_order_cancellation: false } };
      const packet = {
        cmd: 'publish',
        topic: `${ROOT}/stop`,
        payload: JSON.stringify(request),
        qos: 0,
        dup: false,
        retain: false,
      } as const;
      broker.publish(packet, () => undefined);
    },
    close: () =>
      new Promise((resolve) => {
        broker.close(() => server.close(() => resolve()));
      }),
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
