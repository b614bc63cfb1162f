import type { Journal } from '../../stores/journal/port.ts';

/** The policy in force, and who changed it last. */
export async function viewPolicy({ policy }: Pick<Journal, 'policy'>, account: string) {
  const [{ version, settings }, [last]] = await Promise.all([policy.read(account), policy.changes(account, 1)]);
  return { version, lastChange: last, policy: settings };
}
