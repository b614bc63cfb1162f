import { readFileSync } from 'node:fs';
import { processes } from '../../stack/system/this-system.ts';

/** From here on user ids are people's and containers'; below, the system's own services. */
const FIRST_PERSON = process.platform === 'darwin' ? 501 : 1_000;
const NO_LOGIN = /\/(nologin|false|sync|true)$/;

export interface Account {
  name: string;
  uid: number;
  /** Empty where the system's own shell is meant. */
  shell: string;
}

/** Who is on a machine beside the user that runs Sapphire and its administrator. */
export interface Machine {
  user: string;
  /** Names of others who can log in. */
  logins: readonly string[];
  /** Whose processes run besides; undefined where the system hides them. */
  strangers: readonly string[] | undefined;
  /** Users of the system's own services that run. */
  services: readonly string[];
}

/** @param running user ids of the processes that run; undefined where they cannot be seen */
export function machineOf(own: number, accounts: readonly Account[], running: readonly number[] | undefined): Machine {
  const nameOf = (uid: number): string => accounts.find((each) => each.uid === uid)?.name ?? `user id ${uid}`;
  const others = [...new Set(running ?? [])].filter((uid) => uid !== own && uid !== 0);
  const logins = accounts.filter(({ uid, shell }) => uid >= FIRST_PERSON && uid !== own && !NO_LOGIN.test(shell));
  return {
    user: nameOf(own),
    logins: logins.map(({ name }) => name),
    strangers: running && others.filter((uid) => uid >= FIRST_PERSON).map(nameOf),
    services: others.filter((uid) => uid < FIRST_PERSON).map(nameOf),
  };
}

/** The machine that this process runs on, by /etc/passwd and what runs: accounts of a directory service, on a Mac all of people, show once they run something. */
export function thisMachine(): Machine {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => fields.length >= 7)
    .map(([name = '', , uid, , , , shell = '']) => ({ name, uid: Number(uid), shell }));
  return machineOf(process.getuid?.() ?? 0, accounts, processes.userIds());
}
