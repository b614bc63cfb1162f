import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { PROBLEM_TYPE, type Problem } from '../../contracts/api/problem.ts';
import { ExitCode, UserError } from '../../contracts/errors.ts';

/** What is refused with a status of its own. Each answers as a problem. */
export class ApiProblem extends Error {
  override name = 'ApiProblem';
  readonly status: number;
  readonly code: string;
  readonly errors: Problem['errors'];
  constructor(status: number, code: string, detail: string, errors?: Problem['errors']) {
    super(detail);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

/** Named by the commands as what cannot be found. */
export const UNKNOWN = /^(NoSuch\w+|CycleUnknown|CycleNotInWarehouse|ScheduleMissing|AgentUnknown)$/;

const byExitCode: Readonly<Record<number, number>> = {
  [ExitCode.usage]: 400,
  [ExitCode.notAllowed]: 403,
  [ExitCode.refused]: 409,
};

/** Everything else that a command refuses is away, or not set up: asked again later it may go. */
function statusOf(error: UserError): number {
  return UNKNOWN.test(error.code) ? 404 : (byExitCode[error.exitCode] ?? 503);
}

/** What the HTTP server itself finds wrong with a request. */
const ofServer: Readonly<Record<number, { code: string; detail: string }>> = {
  400: {
    code: 'MalformedRequest',
    detail: 'The request cannot be read: its body must be JSON, and its length as it says.',
  },
  408: { code: 'RequestTimeout', detail: 'The request took too long to arrive.' },
  413: { code: 'BodyTooLarge', detail: 'The body is larger than any request of this API: 16 kB at most.' },
  414: { code: 'AddressTooLong', detail: 'The address is too long.' },
  415: { code: 'UnsupportedMediaType', detail: 'The body must be JSON: send it with Content-Type: application/json.' },
  429: { code: 'TooManyRequests', detail: 'Too many requests: wait as long as Retry-After says.' },
  431: { code: 'HeadersTooLarge', detail: 'The headers are too large.' },
  503: { code: 'NotInTime', detail: 'The answer did not come in time: ask again.' },
};

const partNames: Readonly<Record<string, string>> = { querystring: 'query', params: 'path', headers: 'headers' };

/** Undefined where the fault is ours, and nobody's to read but in the log. */
export function problemFor(error: unknown): ApiProblem | undefined {
  if (hasZodFastifySchemaValidationErrors(error)) {
    const part = partNames[error.validationContext ?? 'body'] ?? 'body';
    const errors = error.validation.map(({ instancePath, message = 'is not valid' }) => ({
      at: [part, ...instancePath.split('/').filter(Boolean)].join('.'),
      message,
    }));
    const detail = errors.map(({ at, message }) => `${at}: ${message}`).join('; ');
    return new ApiProblem(400, 'InvalidInput', `The request is not valid: ${detail}.`, errors);
  }
  if (error instanceof ApiProblem) return error;
  if (error instanceof UserError) return new ApiProblem(statusOf(error), error.code, error.message);
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status === 500) return undefined;
  const known = ofServer[status] ?? { code: 'BadRequest', detail: 'The request is not one that this API takes.' };
  return new ApiProblem(status, known.code, known.detail);
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: ApiProblem): FastifyReply {
  const { status, code, message: detail, errors } = problem;
  const body: Problem = {
    type: `urn:sapphire:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    code,
    correlationId: request.id,
    ...(errors ? { errors } : {}),
  };
  // As text: the serializers are for answers.
  return reply.code(status).type(PROBLEM_TYPE).send(JSON.stringify(body));
}
