import type { stories } from './latch-stories.ts';

/** A change of the workflows' bundle; `find` has to stand in it exactly once. */
export interface BundleRewrite {
  find: string;
  replace: string;
}

export interface LatchMutant {
  /** The one that has to fail. */
  story: keyof typeof stories;
  rewrites: readonly BundleRewrite[];
}

/** What was mended, each as it was or as it could have been. A story that lets its mutant pass shows nothing. */
export const latchMutants: Record<string, LatchMutant> = {
  'a resume reads the epoch after its reconciliation': {
    story: 'a resume that a stop overtakes after its reconcile leaves trading halted',
    rewrites: [
      { find: 'refuseFor(clean ? moved() :', replace: 'refuseFor(clean ? undefined :' },
      {
        find: 'try {\n            this.learn(await resumeTrading(request));',
        replace: 'try { this.learn(await resumeTrading({ ...request, expectedEpoch: this.books.epoch }));',
      },
    ],
  },
  'a resume does not look again after its reconciliation': {
    story: 'a resume is refused for a stop that is not fenced yet',
    rewrites: [{ find: 'refuseFor(clean ? moved() :', replace: 'refuseFor(clean ? undefined :' }],
  },
  'a resume is for whatever halt there is': {
    story: 'a resume is for the halt that the resumer saw, not for one that came after it',
    rewrites: [
      { find: 'if (epoch === expectedEpoch && halted) return undefined;', replace: 'if (halted) return undefined;' },
      {
        find: 'try {\n            this.learn(await resumeTrading(request));',
        replace: 'try { this.learn(await resumeTrading({ ...request, expectedEpoch: this.books.epoch }));',
      },
    ],
  },
  'a resume does not look at the difference': {
    story: 'a resume is refused while exchange and books differ',
    rewrites: [
      {
        find: 'const { clean, differences } = await reconcile();',
        replace: 'const { differences } = await reconcile(), clean = true;',
      },
    ],
  },
  'a resume waits for quiet without end': {
    story: 'a resume waits for quiet and no longer than fifteen seconds',
    rewrites: [
      {
        find: "moved() !== undefined || this.leaving, '15s')",
        replace: "moved() !== undefined || this.leaving, '40s')",
      },
    ],
  },
  'two resumes at once': {
    story: 'a resume is one at a time',
    rewrites: [{ find: "if (this.resuming) return 'another resume is under way';", replace: '' }],
  },
  'software ends the halt of a person': {
    story: 'a resume by software ends no halt of a person',
    rewrites: [
      {
        find: 'try {\n            this.learn(await resumeTrading(request));',
        replace: 'try { this.learn(await resumeTrading({ ...request, onlyOver: undefined }));',
      },
    ],
  },
  'an older epoch is believed': {
    story: 'goes by the newest word of the books, in whatever order the answers come',
    rewrites: [{ find: 'books.epoch < before.epoch) return state;', replace: 'books.epoch < -1) return state;' }],
  },
  'an older epoch is older in every journal': {
    story: 'goes by new books where the old ones were moved away, and looks at the exchange for them',
    rewrites: [{ find: 'state.hasRead && isSame && books.epoch', replace: 'state.hasRead && before && books.epoch' }],
  },
  'quiet of the old journal is quiet of the new one': {
    story: 'goes by new books where the old ones were moved away, and looks at the exchange for them',
    rewrites: [{ find: 'isSame ? {} : {\n        quietEpoch: undefined,', replace: 'isSame ? {} : {' }],
  },
  'a run ends before its handlers': {
    story: 'a run answers what it was asked before it ends',
    rewrites: [{ find: 'this.onlyFencing && handlersFinished()', replace: 'this.onlyFencing' }],
  },
  'a run ends its fence with its handlers': {
    story: 'a run that is about to end fences a stop while the exchange does not answer',
    rewrites: [{ find: 'this.onlyFencing && handlersFinished()', replace: 'handlersFinished()' }],
  },
  'a run that is about to end fences nothing any more': {
    story: 'a run that is about to end fences a stop while somebody waits for its answer',
    rewrites: [
      {
        find: '(()=>this.isWaiting() || this.closing);',
        replace: '(()=>this.isWaiting() || this.leaving);',
      },
      {
        find: 'if (!this.isWaiting() || this.closing && failures > 0) return;',
        replace: 'if (this.leaving) return;',
      },
    ],
  },
  'a new run forgets the stops that wait': {
    story: 'a new run goes on with a stop that is not fenced, and with selling that is wished for',
    rewrites: [{ find: 'seen: seen.slice(-REMEMBERED),', replace: 'seen: seen.slice(-REMEMBERED), waiting: [],' }],
  },
  'a new run forgets what it has seen': {
    story: 'a new run knows the stops of the one before',
    rewrites: [{ find: 'seen: seen.slice(-REMEMBERED),', replace: 'seen: [],' }],
  },
  'the fence waits for the look at the exchange': {
    story: 'fences and says so while the exchange does not answer',
    rewrites: [
      {
        find: '(()=>this.isWaiting() || this.closing);',
        replace:
          '(()=>this.isWaiting() && !(this.now.books?.halted && this.now.quietEpoch !== this.now.books.epoch) || this.closing);',
      },
    ],
  },
  'the look at the exchange waits for the schedule': {
    story: 'sweeps while the schedule cannot be paused',
    rewrites: [
      {
        find: 'isUnquiet)(this.now) || this.leaving);\n',
        replace: 'isUnquiet)(this.now) && this.now.alignedEpoch === this.now.books?.epoch || this.leaving);\n',
      },
    ],
  },
  'the look at the exchange waits for the fence': {
    story: 'without the journal it cancels all the same, says so within five seconds, and fences once it is back',
    rewrites: [{ find: 'return unfenced ||', replace: 'return' }],
  },
  'a step is tried in silence': {
    story: 'without the journal it cancels all the same, says so within five seconds, and fences once it is back',
    rewrites: [{ find: "scheduleToCloseTimeout: '4s',", replace: "scheduleToCloseTimeout: '1h'," }],
  },
  'a look that does not end is not told': {
    story: 'fences and says so while the exchange does not answer',
    rewrites: [{ find: "const SAID_WITHIN = '4s';", replace: "const SAID_WITHIN = '50s';" }],
  },
  'a halt that was ended elsewhere is looked after without end': {
    story: 'knows of a halt that was ended without it while it looks at the exchange',
    rewrites: [{ find: '...round > 0 ? [', replace: '...round > 1e9 ? [' }],
  },
  'an answer that was lost is a refusal': {
    story: 'knows of a resume whose answer was lost',
    rewrites: [{ find: 'await this.resumeBooks(request);', replace: 'this.learn(await resumeTrading(request));' }],
  },
  'selling waits for quiet without end': {
    story: 'sells what is held, also when quiet does not come',
    rewrites: [{ find: 'const SELL_WITHIN_MS = 15000;', replace: 'const SELL_WITHIN_MS = 150000;' }],
  },
  'selling waits for the look at the exchange': {
    story: 'sells what is held, also when a look at the exchange does not end',
    rewrites: [
      { find: 'this.sellLoop(),', replace: '' },
      {
        find: '(this.now) ? round + 1 : 0;',
        replace:
          '(this.now);\nround += 1;\nif (this.now.hasRead && this.now.sell) await this.startSelling(this.now.books);',
      },
    ],
  },
  'selling does not wait for quiet': {
    story: 'sells once, and not before a quiet that comes soon',
    rewrites: [{ find: 'if (left > 0) await', replace: 'if (left > 1e9) await' }],
  },
  'a stop that cannot be written holds up the others': {
    story: 'a stop that the books do not take keeps no other from being taken',
    rewrites: [
      {
        find: 'failures % 2 === 1 ? waiting.slice(-1) : waiting.slice(0, BATCH)',
        replace: 'waiting.slice(0, BATCH)',
      },
    ],
  },
  'a stop is known for good': {
    story: 'a stop that is sent again after a resume is a stop again',
    rewrites: [{ find: 'wasHalted ? state.waiting.map(', replace: 'false ? state.waiting.map(' }],
  },
  'what waits for its fence is forgotten': {
    story: 'a stop that waits is known when the first look comes late',
    rewrites: [{ find: 'wasHalted ? state.waiting.map(({ requestId })=>requestId) : state.seen;', replace: '[];' }],
  },
  'a stop that is sent twice is two': {
    story: 'the same stop sent twice is one',
    rewrites: [{ find: 'if (state.seen.includes(stop.requestId)) return state;', replace: '' }],
  },
  'a reason that is no text fails the handler': {
    story: 'is stopped by an object for a reason',
    rewrites: [{ find: '(value, STOP_REASON_BYTES)', replace: '(value.normalize(), STOP_REASON_BYTES)' }],
  },
  'a request to cancel is heard': {
    story: 'is carried out under a request to cancel the latch',
    rewrites: [{ find: 'nonCancellable(()=>guard(input))', replace: 'cancellable(()=>guard(input))' }],
  },
  'a refusal fails the workflow task': {
    story: 'a resume that a stop overtakes before its reconcile leaves trading halted',
    rewrites: [
      { find: 'const { message } = (0,_root_of_ts', replace: 'throw error;\nconst { message } = (0,_root_of_ts' },
    ],
  },
};
