import { z } from 'zod';
import { nameSchema } from '../text.ts';
import { apiRoles } from './roles.ts';

const role = z.enum(apiRoles);

export const codeRequestSchema = z.strictObject({
  role: role.optional().describe('What the session may do, at most what the asker may, which it is without'),
  person: nameSchema.optional().describe('For the records; whoever asks without it'),
});

export const codeSchema = z.object({
  code: z.string().describe('Good once, for two minutes'),
  expiresAt: z.number(),
});

export const openSessionSchema = z.strictObject({ code: z.string().min(1).max(200) });

export const sessionSchema = z.object({
  person: z.string(),
  role,
  csrfToken: z.string().optional().describe('Of a session by cookie: what changes something shows it as x-csrf-token'),
});
