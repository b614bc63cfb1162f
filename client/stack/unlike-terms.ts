import { type SecretName, secretVariables } from '../../runtime/configuration/secrets.ts';
import { isOtherToken, type StackTerms } from '../../stores/journal/books/stacks.ts';
import { configurationDifferences } from './shared-configuration.ts';

export interface Unlike {
  code: 'OtherInstallation' | 'ConfigurationDiffers';
  /** What differs, without what is to be done. */
  what: string;
}

/**
 * What keeps two stacks of the same namespace from working at the same time.
 *
 * @param where the other one is, for a person
 */
export function unlikeTerms(here: StackTerms, there: StackTerms, where: string): Unlike | undefined {
  const secrets: SecretName[] = [
    ...(here.guardCheck === there.guardCheck ? [] : (['guardSecret'] as const)),
    ...(here.payloadCheck === there.payloadCheck ? [] : (['payloadKeys'] as const)),
    ...(isOtherToken(here, there) ? (['coordinatorToken'] as const) : []),
  ];
  if (secrets.length > 0) {
    const names = secrets.map((name) => secretVariables[name]).join(' and ');
    const what = `${names} here and at ${where} are not the same, and neither would take the other's work for its own`;
    return { code: 'OtherInstallation', what };
  }
  const differences = configurationDifferences(here.configuration, there.configuration);
  if (differences.length === 0) return undefined;
  const list = differences.map(
    ({ key, here: own = 'not set', there: other = 'not set' }) => `${key}: ${own} here, ${other} there`,
  );
  const what = `The trading configuration here and at ${where} differ: ${list.join('; ')}`;
  return { code: 'ConfigurationDiffers', what };
}
