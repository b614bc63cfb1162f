import { z } from 'zod';

/** What went wrong, as RFC 9457 has it. A program goes by `code`, a person by `detail`; `correlationId` finds it in the logs. */
export const problemSchema = z
  .object({
    type: z.string().describe('urn:sapphire:problem:CODE'),
    title: z.string().describe('The words of the HTTP status'),
    status: z.int().min(400).max(599),
    detail: z.string().describe('What went wrong and what to do about it'),
    code: z.string().describe('Of a refusal or an error, in the words of the command line'),
    correlationId: z.string().describe('By which `./sapphire logs --correlation` finds it'),
    errors: z
      .array(z.object({ at: z.string().describe('Where in the request, e.g. body.reason'), message: z.string() }))
      .optional()
      .describe('Each fault of the input'),
  })
  .describe('A refusal or an error');
export type Problem = z.output<typeof problemSchema>;

export const PROBLEM_TYPE = 'application/problem+json';
