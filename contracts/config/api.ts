import { z } from 'zod';
import { hostText } from './host.ts';

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host);

/** The HTTP API. What is reached from elsewhere carries the account's money: nothing but loopback is listened on without both of what guards it. */
export const apiSchema = z
  .strictObject({
    host: hostText.default('127.0.0.1'),
    port: z.int().min(1).max(65_535).default(8090),
    /** `local`: the token of the data folder and sessions made with it. `firebase`: ID tokens of a Firebase project. */
    authentication: z.enum(['local', 'firebase']).default('local'),
    firebaseProject: z
      .string()
      .regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'must be the id of a Firebase project, e.g. sapphire-1234')
      .optional(),
    /** Somebody in front of it ends TLS, and says by X-Forwarded-For who asks. */
    tlsInFront: z.boolean().default(false),
    /** The names by which it is asked from outside, e.g. api.example.org. */
    names: z.array(hostText).default([]),
  })
  .superRefine(({ host, authentication, firebaseProject, tlsInFront, names }, context) => {
    const must = (isSo: boolean, path: string, message: string): void => {
      if (!isSo) context.addIssue({ code: 'custom', path: [path], message });
    };
    const isOpen = !isLoopback(host);
    must(
      !isOpen || tlsInFront,
      'tlsInFront',
      `must be true, since ${host} is reached from elsewhere: end TLS in front of it`,
    );
    must(
      !isOpen || authentication === 'firebase',
      'authentication',
      `must be firebase, since ${host} is reached from elsewhere: the local token is for this machine`,
    );
    must(
      !isOpen || names.length > 0,
      'names',
      `must name what ${host} is asked by from outside, e.g. [api.example.org]`,
    );
    must(
      authentication !== 'firebase' || firebaseProject !== undefined,
      'firebaseProject',
      'must be the id of the Firebase project whose ID tokens are taken',
    );
  });
export type ApiConfiguration = z.output<typeof apiSchema>;
