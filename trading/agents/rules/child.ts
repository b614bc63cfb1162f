/*
 * The process in which a rule of somebody's own runs: it has nothing of ours in it, not even an import. It loads the file that it is given, tells what
 * that exports, and answers each line of views with a line of answers, all by file descriptor 3; whatever the rule prints goes elsewhere. It may do in
 * here what it likes: the parent believes nothing of what comes, and ends it.
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const ANSWERS = 3;
const tell = (value: unknown): void => {
  writeSync(ANSWERS, `${JSON.stringify(value)}\n`);
};

/** Some write their words as the error itself. */
const wordsOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

const file = process.argv[2] ?? '';
const exported = (await import(file)) as { default?: unknown };
const rule = exported.default as { decide?: unknown; name?: unknown; horizonMinutes?: unknown; parameters?: unknown };
if (typeof rule !== 'object' || rule === null || typeof rule.decide !== 'function') {
  tell({ missing: Object.keys(exported) });
} else {
  const { decide, name, horizonMinutes, parameters = {} } = rule;
  tell({ rule: { name, horizonMinutes, parameters } });
  for await (const line of createInterface({ input: process.stdin })) {
    const views = JSON.parse(line) as unknown[];
    tell({
      answers: views.map((view) => {
        try {
          const answer: unknown = decide.call(rule, view, parameters);
          if (answer instanceof Promise) return { fault: 'decide returned a promise, and is to answer at once' };
          return answer === undefined ? { fault: 'decide returned nothing' } : { answer };
        } catch (error) {
          return { fault: `decide threw ${wordsOf(error)}` };
        }
      }),
    });
  }
}
