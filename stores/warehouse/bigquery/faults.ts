import { type ErrorCode, UserError } from '../../../contracts/errors.ts';

const TRANSIENT = [429, 500, 502, 503, 504];
const LOST = [
  'ECONNRESET',
  'ETIMEDOUT',
  'ECONNREFUSED',
  'EPIPE',
  'EAI_AGAIN',
  'ENOTFOUND',
  'ERR_STREAM_PREMATURE_CLOSE',
];

export function codeOf(error: unknown): number | string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, status } = error as { code?: number | string; status?: number };
  return code ?? status;
}

function reasonOf(error: unknown): string {
  const errors = error instanceof Error ? (error as { errors?: { reason?: string }[] }).errors : undefined;
  return errors?.[0]?.reason ?? '';
}

/** What another try may mend; a request with an id of its own may be made again, whatever became of the first. */
export function isTransient(error: unknown): boolean {
  const code = codeOf(error);
  if (code === 403) return reasonOf(error) === 'rateLimitExceeded';
  return typeof code === 'number' ? TRANSIENT.includes(code) : LOST.includes(code ?? '');
}

/** In a person's words, with what to do. */
export function refusal(error: unknown, where: string): UserError {
  if (error instanceof UserError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  const remedies: [boolean, ErrorCode, string][] = [
    [
      code === 401,
      'CloudNotAuthorised',
      'Set GOOGLE_APPLICATION_CREDENTIALS to a key file, or give the workload an identity.',
    ],
    [
      code === 403 && reasonOf(error) === 'quotaExceeded',
      'CloudQuota',
      'A quota of BigQuery is used up; loads go on when it is free again. Raise it in the project’s quotas.',
    ],
    [
      code === 403,
      'CloudForbidden',
      'Give the account roles/bigquery.dataEditor on the dataset and roles/bigquery.jobUser on the project, and see that billing or the sandbox is on.',
    ],
    [code === 404, 'CloudNotFound', 'Check warehouse.bigquery.project, and run "./sapphire warehouse migrate".'],
    [
      message.includes('Could not load the default credentials'),
      'CloudNotAuthorised',
      'Set GOOGLE_APPLICATION_CREDENTIALS to a key file, or give the workload an identity.',
    ],
  ];
  const [, name, remedy] = remedies.find(([applies]) => applies) ?? [
    true,
    'CloudFailed',
    'What it has not got stays marked, and is tried again at the next round.',
  ];
  return new UserError(name, `BigQuery (${where}): ${message}. ${remedy}`);
}
