#!/usr/bin/env node
// Runs on Node 20 with nothing installed: brings node_modules in line with package-lock.json, then hands over to the Node that the project pins.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { takeName } from './taken-name.mjs';

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(project, 'node_modules');
const lockFile = join(project, 'package-lock.json');
/** Written after `npm ci` has ended well and wiped by the next one's start: a half-finished install has none. */
const stampFile = join(modules, '.sapphire-installed');
const NEEDED_MAJOR = 24;
/** Where Node keeps what it has compiled: a command that runs for the second time starts in half the time. */
const compiled = join(process.env.SAPPHIRE_CACHE ?? join(project, '.cache'), 'node');

class Refusal extends Error {}

function lockHash() {
  return createHash('sha256').update(readFileSync(lockFile)).digest('hex');
}

function installed() {
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === lockHash()) return true;
  if (!installedByHand()) return false;
  writeFileSync(stampFile, lockHash());
  return true;
}

/** npm writes its own record of what it installed last of all, so that one that agrees with the lock file is a complete `npm ci`. */
function installedByHand() {
  const record = join(modules, '.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  const found = JSON.parse(readFileSync(record, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || (found[path] ? found[path].version === version && existsSync(join(project, path)) : optional),
  );
}

/** One install at a time. */
async function lockInstall() {
  let waited = false;
  return takeName(`install-${project}`, () => {
    if (!waited) process.stderr.write('Waiting for another start that installs the dependencies …\n');
    waited = true;
  });
}

function say(text) {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[2K${text}` : `${text}\n`);
}

/** Without an answer of any kind: until we say so, and until none is waited for. The first one comes within seconds, however long a package takes. */
const QUIET_MS = 15_000;
const SILENT_MS = 120_000;
const ANSWERED = /^npm http (fetch \S+ \d{3} |cache )/m;
const UNANSWERED = /^npm http fetch .* attempt \d+ failed with (\S+)/m;

/** Hears from npm's log whether its registry answers, says once that it does not, and calls for the end when that goes on for too long. */
function hearRegistry(giveUp) {
  let answered = false;
  let told = false;
  const tell = (why) => {
    if (answered || told) return;
    told = true;
    say(
      `npm's registry does not answer${why}: check the network, and the address that "npm config get registry" shows. Still trying …`,
    );
    if (process.stderr.isTTY) process.stderr.write('\n');
  };
  const timers = [setTimeout(tell, QUIET_MS, ''), setTimeout(() => answered || giveUp(), SILENT_MS)];
  return {
    heard(text) {
      answered ||= ANSWERED.test(text);
      const [, code] = UNANSWERED.exec(text) ?? [];
      if (code) tell(` (${code})`);
    },
    end: () => timers.forEach(clearTimeout),
  };
}

async function install() {
  const npm = process.env.npm_execpath?.endsWith('.js') ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const startedAt = Date.now();
  say('Installing dependencies …');
  const ticker = process.stderr.isTTY
    ? setInterval(() => say(`Installing dependencies … ${Math.round((Date.now() - startedAt) / 1000)} s`), 1000)
    : undefined;
  let output = '';
  const child = spawn(npm[0], [...npm.slice(1), 'ci', '--include=dev', '--include=optional', '--loglevel=http'], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'pipe'],
    // In a group of its own, with whatever it starts: it ends as a whole, and by us alone.
    detached: true,
  });
  let silent = false;
  const registry = hearRegistry(() => {
    silent = true;
    killGroup(child);
  });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
      registry.heard(text);
    });
  // A half-finished install has no stamp, and is done anew: whoever wants to end it waits for nothing.
  const stop = () => {
    killGroup(child);
    say('Stopped; the next start installs what is missing.');
    if (process.stderr.isTTY) process.stderr.write('\n');
    process.exit(INTERRUPTED);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, stop);
  const end = await new Promise((settle) => {
    child.once('error', (error) => settle({ reason: `npm cannot be run: ${error.message}` }));
    child.once('close', (code, signal) => settle({ code, signal }));
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, stop);
  clearInterval(ticker);
  registry.end();
  const seconds = `${Math.round((Date.now() - startedAt) / 1000)} s`;
  if (end.code !== 0) {
    if (process.stderr.isTTY) process.stderr.write('\n');
    if (silent) end.reason = `no answer of the registry within ${SILENT_MS / 1_000} s`;
    const reason = end.reason ?? (end.signal ? `stopped by ${end.signal}` : npmReason(output));
    throw new Refusal(
      `The dependencies could not be installed (${reason}). Check the network and npm's registry, then run the same command again; "npm ci" shows the whole of it.`,
    );
  }
  writeFileSync(stampFile, lockHash());
  say(`Installed dependencies in ${seconds}.`);
  if (process.stderr.isTTY) process.stderr.write('\n');
}

function killGroup({ pid }) {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

function npmReason(output) {
  const lines = [...output.matchAll(/^npm (?:error|ERR!) (.+)$/gm)].map(([, line]) => line);
  // A lock file that does not fit names what is missing only after its general words.
  const misfit = lines.find((line) => /^(Missing|Invalid): /.test(line));
  return misfit ?? lines.find((line) => !/^(code|errno|syscall) |^A complete log/.test(line)) ?? 'npm ci failed';
}

async function prepare() {
  if (installed()) return;
  const unlock = await lockInstall();
  try {
    if (!installed()) await install();
  } finally {
    unlock();
  }
}

/** The pinned Node; where it is not made for this system, the one that runs us, if it is new enough. */
function nodes() {
  const pinned = join(modules, `node-${process.platform}-${process.arch}`, 'bin', 'node');
  return [existsSync(pinned) ? pinned : undefined, major() >= NEEDED_MAJOR ? process.execPath : undefined].filter(
    Boolean,
  );
}

function major() {
  return Number(process.versions.node.split('.')[0]);
}

/** Made before what follows writes for its user alone, since users that programs run as have to get into the cache. */
function makeCache() {
  try {
    mkdirSync(compiled, { recursive: true });
  } catch {
    // Node goes on without it.
  }
}

const RESTARTS = 5;
const RESTART_WINDOW_MS = 10 * 60_000;
const FIRST_BACKOFF_MS = 1_000;
/** Four restarts with a pause take 85 s: what passes by itself, as a want of memory, has not used them up by then. */
const BACKOFF_FACTOR = 4;
const LAST_WORD_MS = 5_000;
/** As of contracts/errors.ts. */
const INTERRUPTED = 130;
const START_ANEW = 75;

/** What runs until it is stopped is started again when the system ends it, as for want of memory; what counts its cycles would count anew. */
const isKeptRunning = (args) => args[1] === 'up' && !args.some((arg) => arg.startsWith('--cycles'));

/** A start of its own that is refused is a person's affair; one that ends to be made anew is no refusal; one after a kill, when a port may still be taken for a moment, is tried again. The first restart is at once, since positions are not watched until then; those after it wait for longer and longer. */
async function keepRunning(candidates, args) {
  let crashes = [];
  let crashedAt;
  for (;;) {
    const environment = crashedAt === undefined ? {} : { SAPPHIRE_CRASHED_AT: String(crashedAt) };
    const { code, signal, asked } = await run(candidates, args, environment);
    const now = Date.now();
    crashes = [...crashes.filter((at) => at > now - RESTART_WINDOW_MS), now];
    const wasKilled = signal !== null && !['SIGINT', 'SIGTERM', 'SIGHUP'].includes(signal);
    const isCrash = wasKilled || code === START_ANEW;
    const isRefusedRestart = crashes.length > 1 && code !== null && code !== 0 && code !== INTERRUPTED;
    const end = `ended by ${signal ?? `exit code ${code}`}`;
    if (asked || !(isCrash || isRefusedRestart) || !isKeptRunning(args) || crashes.length > RESTARTS) {
      if (!asked && (isCrash || isRefusedRestart) && crashes.length > RESTARTS) await callForHelp(end);
      return code ?? 128 + (constants.signals[signal] ?? 0);
    }
    if (isCrash) crashedAt = now;
    const backoffMs = crashes.length === 1 ? 0 : FIRST_BACKOFF_MS * BACKOFF_FACTOR ** (crashes.length - 2);
    process.stderr.write(`sapphire: ${end}; it is started again${backoffMs > 0 ? ` in ${backoffMs / 1_000} s` : ''}\n`);
    if (backoffMs > 0) await sleep(backoffMs);
  }
}

/** From here on nobody watches over what is held, and Alertmanager has ended with all: the webhook hears it, in words like Alertmanager's. */
async function callForHelp(end) {
  const say = (text) => process.stderr.write(`sapphire: ${text}\n`);
  const base = (process.env.SAPPHIRE_ALERT_WEBHOOK_URL ?? '').trim().replace(/\/$/, '');
  if (base === '') {
    say(
      'nobody was paged: SAPPHIRE_ALERT_WEBHOOK_URL is not set, and any other receiver is told by Alertmanager alone',
    );
    return;
  }
  // As runtime/configuration/project-url.ts.
  const pages = ((process.env.SAPPHIRE_PROJECT_URL ?? '').trim() || pathToFileURL(project).href).replace(/\/+$/, '');
  const labels = { alertname: 'TradingStopped', severity: 'critical' };
  const annotations = {
    summary: 'Everything was stopped, and nothing is traded or protected.',
    description: `It was started again ${RESTARTS} times within ${RESTART_WINDOW_MS / 60_000} minutes, and ${end} the last time. What is held has no protective exits until the next start.`,
    runbook_url: `${pages}/docs/operation.md#when-everything-was-stopped`,
  };
  const alerts = [{ status: 'firing', labels, annotations, startsAt: new Date().toISOString() }];
  const body = { version: '4', receiver: 'page', status: 'firing', groupLabels: labels, commonLabels: labels };
  try {
    const { ok, status } = await fetch(`${base}/page`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, commonAnnotations: annotations, alerts }),
      signal: AbortSignal.timeout(LAST_WORD_MS),
    });
    say(ok ? 'the webhook was told to page' : `nobody was paged: the webhook answers ${status}`);
  } catch (error) {
    say(`nobody was paged, the webhook was not reached: ${error.message}`);
  }
}

async function run([node, ...others], args, environment) {
  if (!node) {
    throw new Refusal(
      `Sapphire runs on Node ${NEEDED_MAJOR}, which npm has no package of for ${process.platform}-${process.arch}: install Node ${NEEDED_MAJOR} or newer (this is ${process.versions.node}).`,
    );
  }
  // What runs for long, as of client/stack/node-arguments.ts.
  const lean = args[1] === 'up' ? ['--max-semi-space-size=2'] : [];
  const child = spawn(node, [...lean, ...args], {
    stdio: 'inherit',
    env: { NODE_COMPILE_CACHE: compiled, ...process.env, ...environment },
  });
  let asked = false;
  const forward = (signal) => {
    asked = true;
    child.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  const end = await new Promise((settle) => {
    child.once('error', () => settle(undefined));
    child.once('exit', (code, signal) => settle({ code, signal, asked }));
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, forward);
  return end ?? run(others, args, environment);
}

// Whoever read our output is gone: what runs below is kept running all the same.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}

try {
  if (major() < 20) throw new Refusal(`Sapphire needs Node 20 or newer to start; this is ${process.versions.node}.`);
  await prepare();
  const [first, ...rest] = process.argv.slice(2);
  const args =
    first === '--script'
      ? [resolve(project, rest[0] ?? ''), ...rest.slice(1)]
      : [join(project, 'client', 'cli', 'main.ts'), ...process.argv.slice(2)];
  makeCache();
  // What Sapphire writes is its user's alone. Scripts of the tests run programs as other users, who have to read what they are given.
  if (first !== '--script') process.umask(0o077);
  process.exitCode = await keepRunning(nodes(), args);
} catch (error) {
  process.stderr.write(`sapphire: ${error instanceof Refusal ? error.message : error.stack}\n`);
  process.exitCode = 1;
}
