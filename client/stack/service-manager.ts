import { execFile } from 'node:child_process';

/** So often within the time after which it would be taken for hung. */
const TIMES = 4;
/** A notification that does not get through is missed; the next one is due soon. */
const NOTIFY_MS = 10_000;

/**
 * Tells systemd, where it started us (`Type=notify`), that all is up, and from then on that the supervisor gets on: as long as its loop turns and
 * something runs below it. One that stands is ended by systemd, and everything is started anew (deploy/systemd/sapphire.service).
 *
 * @returns ends it
 */
export function tellServiceManager(
  isWell: () => boolean,
  environment: NodeJS.ProcessEnv = process.env,
  notify: (word: string) => void = systemdNotify,
): () => void {
  if (!environment['NOTIFY_SOCKET']) return () => {};
  notify('READY=1');
  const watchdogMs = Number(environment['WATCHDOG_USEC']) / 1_000;
  if (!(watchdogMs > 0)) return () => {};
  const timer = setInterval(() => {
    if (isWell()) notify('WATCHDOG=1');
  }, watchdogMs / TIMES).unref();
  return () => clearInterval(timer);
}

/** Node has no datagrams of the kind that systemd listens for; its own program does it. */
function systemdNotify(word: string): void {
  execFile('systemd-notify', [word], { timeout: NOTIFY_MS }, (error) => {
    if (error) process.stderr.write(`systemd was not told ${word}: ${error.message.split('\n')[0]}\n`);
  });
}
