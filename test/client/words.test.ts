import { expect, it } from 'vitest';
import { sentenceOf } from '../../client/controls/words.ts';

it.each<[unknown, string]>([
  [new Error('no such server'), 'no such server.'],
  [new Error('No Temporal server answers.'), 'No Temporal server answers.'],
  ['away', 'away.'],
  // A name of two addresses, of which neither answers.
  [
    new AggregateError([new Error('connect ECONNREFUSED ::1:5432'), new Error('connect ECONNREFUSED 127.0.0.1:5432')]),
    'connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432.',
  ],
])('%o is told as a sentence', (error, sentence) => {
  expect(sentenceOf(error)).toBe(sentence);
});
