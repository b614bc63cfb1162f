import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { answerSchema } from '../../contracts/api/answer.ts';
import { PROBLEM_TYPE, problemSchema } from '../../contracts/api/problem.ts';
import type { ApiRole } from '../../contracts/api/roles.ts';
import type { Caller } from './who/caller.ts';

export type Api = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The least role that may ask; `anybody` needs no name. Every route of the API says one. */
    role?: ApiRole | 'anybody';
  }
  interface FastifyRequest {
    /** Undefined where nobody is known by what the request brought. */
    caller: Caller | undefined;
  }
}

const problem = {
  description: 'A refusal or an error',
  content: { [PROBLEM_TYPE]: { schema: problemSchema } },
};

/** Of a route that answers with this. */
export function responses<S extends z.ZodType>(answer: S) {
  return { 200: answer, default: problem };
}

/** Of a read. */
export function reads<S extends z.ZodType>(data: S) {
  return responses(answerSchema(data));
}
