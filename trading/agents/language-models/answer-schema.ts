const number = { type: 'number' };

function object(properties: Readonly<Record<string, unknown>>) {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

/**
 * The answer that the prompt asks for, as JSON schema, for providers that hold a model to one. Bounds and lengths are left out, since the strict modes
 * refuse a schema that has them: reply.ts holds these.
 */
export const answerSchema = object({
  signals: {
    type: 'array',
    items: object({
      symbol: { type: 'string' },
      probabilities: object({ up: number, flat: number, down: number }),
      expected_return_bps: number,
      conviction: number,
      rationale: { type: 'string' },
      evidence: { type: 'array', items: { type: 'string' } },
    }),
  },
});
