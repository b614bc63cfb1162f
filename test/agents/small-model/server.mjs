// Serves a real small model (SmolLM2-135M-Instruct) over the OpenAI protocol. It speaks well-formed answers and knows nothing of markets.
// Arguments: folder of node-llama-cpp, path of the .gguf, names to serve the model under. Prints its port as one line of JSON.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [toolFolder, modelPath, ...names] = process.argv.slice(2);
const library = await import(
  pathToFileURL(join(toolFolder, 'node_modules', 'node-llama-cpp', 'dist', 'index.js')).href
);
const { getLlama, LlamaChatSession, LlamaCompletion } = library;
const API_KEY = process.env.SMALL_MODEL_KEY;

const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: 1 });
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({ contextSize: 4096, threads: 1 });
const sequence = context.getSequence();

const object = (properties) => ({ type: 'object', properties });
const chances = [
  [0.6, 0.25, 0.15],
  [0.2, 0.6, 0.2],
  [0.15, 0.25, 0.6],
].map(([up, flat, down]) => object({ up: { const: up }, flat: { const: flat }, down: { const: down } }));
const entry = (symbol) =>
  object({
    symbol: { const: symbol },
    probabilities: { oneOf: chances },
    expected_return_bps: { enum: [-12, 0, 12] },
    conviction: { enum: [0.1, 0.3] },
    rationale: { type: 'string', maxLength: 60 },
    evidence: {
      type: 'array',
      minItems: 1,
      maxItems: 1,
      items: { enum: [`${symbol}.spread_bps`, `${symbol}.book_imbalance`] },
    },
  });

/** The json object that the agents' prompt asks for, of the symbols that it names. */
function answerGrammar(prompt) {
  const symbols = (/^Symbols: (.*)\.$/m.exec(prompt)?.[1] ?? '').split(', ');
  const signals = {
    type: 'array',
    prefixItems: symbols.map(entry),
    minItems: symbols.length,
    maxItems: symbols.length,
  };
  return llama.createGrammarForJsonSchema(object({ signals }));
}

const labels = await llama.createGrammar({ grammar: 'root ::= "positive" | "neutral" | "negative"' });

async function chat({ messages, max_tokens: maxTokens, seed = 0 }) {
  await sequence.clearHistory();
  const before = sequence.tokenMeter.getState();
  const [system, ...others] = messages;
  const session = new LlamaChatSession({ contextSequence: sequence, systemPrompt: system.content });
  const prompt = others.map(({ content }) => content).join('\n');
  const { responseText, stopReason } = await session.promptWithMeta(prompt, {
    grammar: await answerGrammar(prompt),
    temperature: 0,
    seed,
    maxTokens,
  });
  session.dispose({ disposeSequence: false });
  const { usedInputTokens, usedOutputTokens } = sequence.tokenMeter.diff(before);
  return {
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        finish_reason: stopReason === 'maxTokens' ? 'length' : 'stop',
        message: { role: 'assistant', content: responseText },
      },
    ],
    usage: {
      prompt_tokens: usedInputTokens,
      completion_tokens: usedOutputTokens,
      total_tokens: usedInputTokens + usedOutputTokens,
    },
  };
}

async function complete({ prompt, max_tokens: maxTokens }) {
  await sequence.clearHistory();
  const before = sequence.tokenMeter.getState();
  const completion = new LlamaCompletion({ contextSequence: sequence });
  const text = await completion.generateCompletion(prompt, { grammar: labels, temperature: 0, maxTokens });
  completion.dispose({ disposeSequence: false });
  const { usedInputTokens, usedOutputTokens } = sequence.tokenMeter.diff(before);
  return {
    object: 'text_completion',
    choices: [{ index: 0, finish_reason: 'stop', text }],
    usage: {
      prompt_tokens: usedInputTokens,
      completion_tokens: usedOutputTokens,
      total_tokens: usedInputTokens + usedOutputTokens,
    },
  };
}

const routes = { '/v1/chat/completions': chat, '/v1/completions': complete };
let turn = Promise.resolve();

const server = createServer(async (request, response) => {
  const send = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  if (request.headers.authorization !== `Bearer ${API_KEY}`) return send(401, { error: { message: 'wrong key' } });
  if (request.url === '/v1/models')
    return send(200, { object: 'list', data: names.map((id) => ({ id, object: 'model' })) });
  const work = routes[request.url];
  let text = '';
  for await (const chunk of request) text += chunk;
  const body = JSON.parse(text || '{}');
  if (!work || !names.includes(body.model)) return send(404, { error: { message: 'no such model' } });
  // One sequence: one question at a time.
  turn = turn
    .then(() => work(body))
    .then(
      (answer) => send(200, { id: 'small', model: body.model, ...answer }),
      (error) => send(500, { error: { message: String(error) } }),
    );
  return turn;
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`));
