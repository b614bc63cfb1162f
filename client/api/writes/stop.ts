import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { mayAs } from '../../../contracts/api/roles.ts';
import { stoppedSchema, stopSchema } from '../../../contracts/api/writes.ts';
import { via } from '../../../contracts/audit.ts';
import { claimedName, stopReason } from '../../../contracts/control.ts';
import { plainText } from '../../../contracts/text.ts';
import { atMost } from '../../../trading/control/at-most.ts';
import { stopTrading } from '../../controls/stop.ts';
import { type Api, responses } from '../api.ts';
import { type ApiOptions, STOP_PATH } from '../options.ts';
import { ApiProblem, sendProblem } from '../problems.ts';
import type { ApiTools } from '../tools.ts';
import { bearerIn } from '../who/caller.ts';

/** For quiet; the stop goes on after it. */
const QUIET_MS = 8_000;
/** For the state that names a repeated stop: no stop waits longer for it. */
const STATE_MS = 500;
const BODY_MS = 1_000;
const BODY_BYTES = 16_384;

/**
 * The emergency stop, which nothing that is sent makes fail: what cannot be read is left out. On this machine it asks for no name, as the signal to
 * Temporal does not either; a foreign page is refused before. It sells for those alone who may.
 */
export function registerStop(api: Api, { tools, sessions }: ApiOptions): void {
  const { configuration, logger } = tools;
  const asksNobody = sessions !== undefined;
  api.register(async (scope) => {
    // A type that is none would be refused before anybody looks at what it is of.
    scope.addHook('onRequest', async ({ raw: { headers } }) => {
      if (headers['content-type'] !== undefined) headers['content-type'] = 'application/octet-stream';
    });
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', async (_request: unknown, body: IncomingMessage) => textOf(body));
    scope.post(
      STOP_PATH,
      {
        config: { role: 'anybody' },
        schema: {
          tags: ['control'],
          summary: 'Emergency stop: fence every opening order, cancel what is open, verify that nothing remains',
          description:
            'Whatever is sent stops: of a JSON body `reason` and `flatten` are taken where they can be read, and an Idempotency-Key where there is one. 202 where it is fenced and not quiet yet, 503 where it is not fenced.',
          response: { ...responses(stoppedSchema), 202: stoppedSchema },
        },
      },
      async (request, reply) => {
        const { caller, headers, body } = request;
        if (!caller && (!asksNobody || bearerIn(headers.authorization) !== undefined)) {
          if (!asksNobody) throw new ApiProblem(401, 'Unauthenticated', 'Nobody is known by this request.');
          logger.warn('a stop came with a token that nobody has, and is carried out');
        }
        const { reason, flatten: wantsSale = false } = wishOf(body);
        const flatten = wantsSale && caller !== undefined && mayAs(caller.role, 'operator');
        const by = claimedName(caller?.person ?? 'unknown');
        const report = await stopTrading(
          {
            requestId: await requestIdOf(tools, by, headers['idempotency-key']),
            account: configuration.account,
            reason: stopReason(reason),
            by,
            via: caller?.via ?? via.token('nobody'),
            flatten,
          },
          {
            journal: tools.journal,
            temporal: tools.temporal,
            onProgress: (message) => logger.info({ message }, 'the stop goes on'),
            onStanding: ({ note }) => logger.warn({ note }, 'the stop takes longer'),
          },
          QUIET_MS,
        );
        const words = wantsSale && !flatten ? 'Nothing is sold: that is for an operator. ' : '';
        const told = { ...report, note: `${words}${report.note}`.trimEnd() };
        if (!told.fenced) return sendProblem(request, reply, new ApiProblem(503, 'NotFenced', told.note));
        return reply.code(told.quiet ? 200 : 202).send(told);
      },
    );
  });
}

/** So much of it as came in time, and no more than anybody needs: a body that does not end holds up no stop. */
async function textOf(body: IncomingMessage): Promise<string> {
  let text = '';
  const read = async (): Promise<void> => {
    for await (const part of body) {
      text += String(part);
      if (text.length > BODY_BYTES) break;
    }
  };
  await atMost(
    BODY_MS,
    read().catch(() => undefined),
  );
  return text;
}

function wishOf(body: unknown): { reason?: unknown; flatten?: boolean } {
  const given = jsonIn(body);
  const { data } = stopSchema.safeParse(given);
  if (data) return { ...(data.reason === undefined ? {} : { reason: data.reason }), flatten: data.flatten === true };
  const fields: Record<string, unknown> = typeof given === 'object' && given !== null ? { ...given } : {};
  return {
    reason: fields['reason'] ?? (typeof given === 'string' ? given : undefined),
    flatten: fields['flatten'] === true,
  };
}

function jsonIn(body: unknown): unknown {
  const text = typeof body === 'string' ? body : '';
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * The same key names the same stop as long as trading is halted by it. Once trading goes on it is another one: a stop that was sent is never without
 * effect.
 */
async function requestIdOf(tools: ApiTools, by: string, key: unknown): Promise<string> {
  if (typeof key !== 'string' || key === '') return randomUUID();
  let life = 0;
  const look = async (): Promise<void> => {
    const { tradingState, epoch } = await (await tools.journal()).control.read(tools.configuration.account);
    life = tradingState === 'halted' ? epoch - 1 : epoch;
  };
  await atMost(
    STATE_MS,
    look().catch(() => undefined),
  );
  return plainText(`api/${by}/${life}/${key}`, 200);
}
