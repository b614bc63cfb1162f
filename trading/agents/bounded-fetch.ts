/** What an answer may have in bytes, unpacked: no model, engine or server of ours has more to say. */
export const MAX_ANSWER_BYTES = 1_000_000;

/** The message ends a sentence that names whose answer it is. */
export class AnswerTooLong extends Error {
  override name = 'AnswerTooLong';
  constructor(mostBytes = MAX_ANSWER_BYTES) {
    super(`it is longer than ${mostBytes} bytes`);
  }
}

/**
 * `fetch` whose body can be read up to so many bytes; beyond that reading it rejects with AnswerTooLong and the connection is ended. An
 * endless answer must not fill the memory of a worker that others share.
 */
export function fetchUpTo(mostBytes: number): typeof fetch {
  return async (input, init) => {
    const { body, status, statusText, headers } = await fetch(input, init);
    return new Response(body?.pipeThrough(bounded(mostBytes)) ?? null, { status, statusText, headers });
  };
}

export const boundedFetch: typeof fetch = fetchUpTo(MAX_ANSWER_BYTES);

function bounded(mostBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > mostBytes) controller.error(new AnswerTooLong(mostBytes));
      else controller.enqueue(chunk);
    },
  });
}
