import { bearClosedOutput } from './closed-output.ts';
import { runProgram } from './run.ts';

const words = process.argv.slice(2);
bearClosedOutput(words[0]);
await runProgram(words);
