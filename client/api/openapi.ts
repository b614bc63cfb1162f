import swagger from '@fastify/swagger';
import { createJsonSchemaTransform } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Api } from './api.ts';
import { SESSION_COOKIE } from './who/guard.ts';

const description = `What Sapphire does, has done and may be told, as the command line has it.

- Money, prices and quantities are decimal text, times UTC epoch milliseconds.
- Every read names its account and mode. What is away stands in \`degraded\`, with its reason, and is missing in \`data\`.
- What is refused is \`application/problem+json\` with a \`code\` for programs, and a \`detail\` for people.
- Every write but the emergency stop takes an \`Idempotency-Key\`: the same key twice acts once.`;

/** OpenAPI 3.1, made from the schemas that requests are held against. */
export async function registerDocument(api: Api): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Sapphire', version: '1', description },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'The local token, or an ID token of Firebase' },
          session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE },
        },
      },
    },
    transform: ({ route, ...document }) => {
      const { schema, url } = transform({ route, ...document });
      const role = route.config?.role;
      const security = role === undefined || role === 'anybody' ? [] : [{ token: [] }, { session: [] }];
      return { url, schema: { ...schema, security, ...(role ? { 'x-role': role } : {}) } };
    },
  });
  api.get('/api/v1/openapi.json', { config: { role: 'anybody' }, schema: { hide: true } }, (_request, reply) =>
    reply.type('application/json').send(documentText(api)),
  );
}

/** What an answer has beside what is told here comes with a later release, and breaks no reader. */
const transform = createJsonSchemaTransform({
  zodToJsonConfig: {
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodObject && !zodSchema.def.catchall) delete jsonSchema.additionalProperties;
    },
  },
});

/** As it is kept in the repository. */
export function documentText(api: Api): string {
  return `${JSON.stringify(api.swagger(), null, 2)}\n`;
}
