import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { pageUrl } from '../../runtime/configuration/project-url.ts';

const page = 'docs/alerts.md#when-prometheus-is-down';

it.each([
  ['https://git.example.com/sapphire/blob/main', 'https://git.example.com/sapphire/blob/main'],
  ['https://git.example.com/sapphire/\n', 'https://git.example.com/sapphire'],
  [undefined, pathToFileURL(projectFolder).href],
  [' ', pathToFileURL(projectFolder).href],
])('with %j a page is read below %s', (given, base) => {
  expect(pageUrl(page, given === undefined ? {} : { SAPPHIRE_PROJECT_URL: given })).toBe(`${base}/${page}`);
  expect(new URL(pageUrl(page, {})).hash).toBe('#when-prometheus-is-down');
});
