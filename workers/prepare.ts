import { knownSecrets } from '../runtime/configuration/secrets.ts';
import { workflowBundle } from './workflow-bundle.ts';

/** Run before the workers start, so that they find the bundle made. Tells its build id. */
const { buildId } = await workflowBundle(knownSecrets());
process.stdout.write(buildId);
