/** What an answer may have in bytes, unpacked: no model, engine or server of ours has more to say. */
export const MAX_ANSWER_BYTES = 1_000_000;

/** The message ends a sentence that names whose answer it is. */
export class AnswerTooLong extends Error {
  override name = 'AnswerTooLong';
  constructor() {
    super(`it is longer than ${MAX_ANSWER_BYTES} bytes`);
  }
}

/**
 * `fetch` whose body can be read up to MAX_ANSWER_BYTES; beyond that reading it rejects with AnswerTooLong and the connection is ended. An
 * endless answer must not fill the memory of a worker that others share.
 */
export const boundedFetch: typeof fetch = async (input, init) => {
  const { body, status, statusText, headers } = await fetch(input, init);
  return new Response(body?.pipeThrough(bounded()) ?? null, { status, statusText, headers });
};

function bounded(): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > MAX_ANSWER_BYTES) controller.error(new AnswerTooLong());
      else controller.enqueue(chunk);
    },
  });
}
