import { type Role, roles } from '../../contracts/roles.ts';
import { seatRow } from '../../domain/signals/seats.ts';
import { processName, roleRow, type Store } from '../roles.ts';
import { ENGINES_VARIABLE, engines } from './engines.ts';
import { type SecretName, secretVariables } from './secrets.ts';

/** What every program needs of its surroundings, those of others included: no secret of ours, and no setting that would overrule one of theirs. */
export const systemVariables =
  /^(PATH|HOME|LANG|LC_\w+|TZ|TMPDIR|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|(https?|all|no)_proxy)$/i;

const settings = new RegExp(
  `^(NODE_\\w+|OTEL_\\w+|NO_COLOR|${ENGINES_VARIABLE}|SAPPHIRE_(CONFIG|DATA|STACK|CACHE|MODELS|BACKUPS|PORT_OFFSET))$`,
);
const temporal = /^TEMPORAL_\w+$/;
/** PostgreSQL's own, for what its address leaves open. */
const books = /^PG[A-Z]+$/;
const bigQuery = /^(GOOGLE|GCLOUD|CLOUDSDK|BIGQUERY)_\w+$/;
const storeVariables: Record<Store, RegExp> = { journal: books, bigquery: bigQuery };
const python =
  /^(SAPPHIRE_HEALTH_ADDRESS|SAPPHIRE_COORDINATOR_URL|XDG_CACHE_HOME|PYTHON\w+|(HF|CUDA|NVIDIA|OMP|MKL|PYTORCH|TORCH)_\w+|LD_LIBRARY_PATH|USER|LOGNAME)$/;

interface Share {
  variables?: readonly RegExp[];
  /** Each by its variable, or by the one that names a file which holds it. */
  secrets?: readonly SecretName[];
}

const forecasters = engines.filter((id) => seatRow(id).engine === 'forecaster');
const forecaster: Share = { variables: [settings, temporal, python], secrets: ['payloadKeys', 'coordinatorToken'] };

function shareOf(role: Role): Share {
  const { secrets, stores } = roleRow(role);
  return { variables: [settings, temporal, ...stores.map((store) => storeVariables[store])], secrets };
}

/** What each process that is started gets beside the system's variables. One that does not stand here, as a program of others, gets nothing. */
export const shares: Readonly<Record<string, Share>> = {
  ...Object.fromEntries(roles.map((role) => [processName(role), shareOf(role)])),
  'workers/prepare': { variables: [settings], secrets: ['payloadKeys'] },
  'mcp-coordinator': { variables: [settings, books], secrets: ['journalUrl', 'coordinatorToken'] },
  'paper-exchange': { variables: [settings], secrets: ['paperAdminToken'] },
  // Commands of its own: it starts cycles, stops, resumes, and asks the coordinator.
  api: {
    variables: [settings, temporal, books, /^FIREBASE_AUTH_EMULATOR_HOST$/],
    secrets: ['apiToken', 'coordinatorToken', 'guardSecret', 'payloadKeys', 'journalUrl'],
  },
  'web-ui': { variables: [settings], secrets: ['webUiToken'] },
  'engines/freqtrade': { variables: [settings], secrets: ['freqtradeEngineToken'] },
  'engines/hummingbot': { variables: [settings, books], secrets: ['journalUrl', 'paperAdminToken'] },
  ...Object.fromEntries(forecasters.map((id) => [`engines/${id}`, forecaster])),
  /** pip, uv and apt: where they look, and by which proxy. */
  installer: { variables: [/^(XDG_CACHE_HOME|NODE_EXTRA_CA_CERTS|PYTHON\w+|(PIP|UV|PYENV|APT|DEBIAN)_\w+)$/] },
};

/** The part of an environment that the process of this name is started with. */
export function environmentOf(name: string, environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const { variables = [], secrets = [] } = shares[name] ?? {};
  const own = new Set(secrets.flatMap((secret) => [secretVariables[secret], `${secretVariables[secret]}_FILE`]));
  const isGiven = (variable: string): boolean =>
    own.has(variable) || [systemVariables, ...variables].some((pattern) => pattern.test(variable));
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && isGiven(entry[0]),
    ),
  );
}
