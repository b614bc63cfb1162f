import { writeFileSync } from 'node:fs';
import { documentFile, keptDocument } from './kept-document.ts';

// Run after a change of a route: node client/bootstrap.mjs --script client/api/write-document.ts
writeFileSync(documentFile, await keptDocument());
