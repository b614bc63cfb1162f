import type { NewsItem } from '../../../../domain/signals/news.ts';

/** Changes whenever a word below does. */
export const SENTIMENT_VERSION = 'sentiment/1';

const MAX_INPUT = 500;

/** The prompt that FinGPT's adapters were tuned on, word for word (FinGPT v3, sentiment analysis): another wording costs accuracy. */
export function sentimentPrompt({ title, text }: Pick<NewsItem, 'title' | 'text'>): string {
  // A line break in the news would end the input and could begin an answer of its own.
  const input = `${title}. ${text}`.replaceAll(/\s+/gu, ' ').slice(0, MAX_INPUT).trim();
  return `Instruction: What is the sentiment of this news? Please choose an answer from {negative/neutral/positive}.\nInput: ${input}\nAnswer: `;
}
