import { endProcesses, processesWith } from '../../client/stack/process-identity.ts';

/** From SIGTERM to SIGKILL: a stack that is asked to end takes its processes along. */
const GRACE_MS = 5_000;

const [, , temporary] = process.argv;
if (!temporary) throw new Error('the folder is missing that the leftovers bear as TMPDIR');
// Our standard input ends with who has started us.
for await (const _ of process.stdin);
const left = () => processesWith('TMPDIR', temporary);
// What is about to end may start something yet.
for (let found = left(); found.length > 0; found = left()) await endProcesses(found, GRACE_MS);
