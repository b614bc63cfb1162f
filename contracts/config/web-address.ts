import { z } from 'zod';

/** Query parameters that hold a key, by the end of their names: `token`, `apiKey`, `auth_token`. */
const KEEPS_A_KEY = /(token|key|secret|passw(or)?d|pwd|auth|credential|signature|sig)s?$/i;

export function isWebAddress(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '');
}

/**
 * An http or https address without anything secret: what stands in the configuration is copied, printed and kept where secrets are not.
 * @param example of one, for the refusal
 * @param secretsGo where what is secret of it belongs, after "put it", e.g. "in FINGPT_API_KEY"
 */
export function webAddress(example: string, secretsGo: string): z.ZodString {
  return z.string().check(({ value, issues }) => {
    const message = faultOf(value, example, secretsGo);
    // A refusal is printed with what it refuses.
    if (message !== undefined) issues.push({ code: 'custom', message, input: withoutSecrets(value) });
  });
}

function faultOf(text: string, example: string, secretsGo: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !isWebAddress(text)) return `must be an address such as ${example}`;
  if (url.username !== '' || url.password !== '') {
    return `must not hold a user or a password, since the configuration is no place for secrets: put it ${secretsGo}`;
  }
  const name = [...url.searchParams.keys()].find((each) => KEEPS_A_KEY.test(each));
  if (name === undefined) return undefined;
  return `must not hold a key (${name}=…), since the configuration is no place for secrets: put it ${secretsGo}`;
}

function withoutSecrets(text: string): string {
  return text.replace(/\/\/.*@/s, '//…@').replace(/[?#].*/s, '?…');
}
