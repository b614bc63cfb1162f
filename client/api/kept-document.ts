import { join } from 'node:path';
import { apiSchema } from '../../contracts/config/api.ts';
import { configurationSchema } from '../../contracts/config/schema.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { createLogger } from '../../runtime/telemetry/logger.ts';
import { createApi } from './app.ts';
import { documentText } from './openapi.ts';
import { createSessions } from './who/sessions.ts';

export const documentFile = join(projectFolder, 'client', 'api', 'openapi.json');

/** The document as it is kept in the repository, made of an API that is asked nothing else. */
export async function keptDocument(): Promise<string> {
  const none = async (): Promise<never> => {
    throw new Error('an API that is asked for its document alone has nothing to answer with');
  };
  const api = await createApi({
    tools: {
      configuration: configurationSchema.parse({}),
      journal: none,
      temporal: none,
      warehouse: none,
      market: none,
      coordinator: none,
      logFolder: '',
      now: Date.now,
      logger: createLogger({ process: 'api', level: 'silent' }),
    },
    configuration: apiSchema.parse({}),
    authentication: { identify: async () => undefined },
    sessions: createSessions(),
  });
  await api.ready();
  const text = documentText(api);
  await api.close();
  return text;
}
