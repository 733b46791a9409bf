/**
 * Docker's credential helpers: `docker-credential-<name> get` takes a server on stdin and gives JSON on stdout.
 * https://github.com/docker/docker-credential-helpers
 */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { normalizeRegistry, toCredential } from "../../auth/credentials.ts";
import type { Credential } from "../../auth/credentials.ts";
import { CrossdockError, ParseError, SilenceError } from "../../errors.ts";

/** Asks a credential helper about a registry; undefined if it knows nothing of it. */
export type RunHelper = (helper: string, registry: string) => Promise<Credential | undefined>;

/** How to run a credential helper. */
export interface CredentialHelperOptions {
  /** Environment of the program; its PATH is where the program is looked for. */
  env: Readonly<Record<string, string | undefined>>;
  /** How long the program may take, in milliseconds. @default 10_000 */
  timeoutMs?: number;
}

const NAME = /^[A-Za-z0-9._-]+$/;
/** A token from a cloud's helper is about 3 KB; more than this is no credential. */
const MAX_OUTPUT_BYTES = 1024 * 1024;
/**
 * How helpers say that they know nothing, with exit code 1: the helper library's sentence, and the keychain's own.
 * https://github.com/docker/docker-credential-helpers/blob/v0.9.3/credentials/error.go
 */
const NOT_FOUND = /credentials not found|could not be found in the keychain/i;

/**
 * Asks `docker-credential-<helper>` for the credential of a registry; undefined if it knows none.
 *
 * @param registry as references name it; for docker.io the helper is asked about the URL that Docker stores under
 * @throws {ParseError} if the helper's name is not one
 * @throws {CrossdockError} `usage` if it cannot be run, `unauthorized` if it fails. What it printed is never in it.
 * @throws {SilenceError} if it takes too long
 */
export async function runCredentialHelper(
  helper: string,
  registry: string,
  options: CredentialHelperOptions,
): Promise<Credential | undefined> {
  if (!NAME.test(helper)) {
    throw new ParseError(`credential helper ${JSON.stringify(helper)}: want a name`, {
      hint: "write what follows docker-credential- in the program's name, letters, digits and ._-",
    });
  }
  const program = `docker-credential-${helper}`;
  const isDockerHub = normalizeRegistry(registry) === "docker.io";
  const server = isDockerHub ? "https://index.docker.io/v1/" : registry;
  const { exitCode, stdout, stderr } = await run(program, server, options);
  if (exitCode === 0) return parseAnswer(stdout, program);
  if (NOT_FOUND.test(stdout) || NOT_FOUND.test(stderr)) return undefined;
  throw new CrossdockError(
    "unauthorized",
    `run ${program} get for ${server}: it failed with ${
      exitCode === null ? "a signal" : `exit code ${exitCode}`
    }`,
    { hint: `log in to ${registry} again with docker login, or see what the program says by hand` },
  );
}

function parseAnswer(stdout: string, program: string): Credential | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(stdout);
  } catch {
    // Without its cause, which quotes the output.
    throw new CrossdockError("unauthorized", `${program} get: its answer is not JSON`);
  }
  const { Username: username = "", Secret: secret = "" } = (answer ?? {}) as Record<
    string,
    unknown
  >;
  if (typeof username !== "string" || typeof secret !== "string") {
    throw new CrossdockError(
      "unauthorized",
      `${program} get: want Username and Secret to be strings, they are not`,
    );
  }
  return secret === "" ? undefined : toCredential(username, secret);
}

interface Exit {
  /** Null if a signal ended it. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

function run(program: string, input: string, options: CredentialHelperOptions): Promise<Exit> {
  const { promise, resolve, reject } = Promise.withResolvers<Exit>();
  const env = Object.fromEntries(
    Object.entries(options.env).filter(([, value]) => value !== undefined),
  );
  let child: ChildProcess;
  try {
    child = spawn(program, ["get"], { env, windowsHide: true });
  } catch (cause) {
    return Promise.reject(toStartError(program, cause));
  }
  const { timeoutMs = 10_000 } = options;
  const timer = setTimeout(() => {
    stop(child);
    reject(
      new SilenceError(`${program} get`, timeoutMs, {
        hint: "it may be waiting for a prompt to be answered: unlock its store and try again",
      }),
    );
  }, timeoutMs);
  const tooMuch = (): void => {
    stop(child);
    reject(
      new CrossdockError("unauthorized", `${program} get: more than ${MAX_OUTPUT_BYTES} bytes`),
    );
  };
  const stdout = collect(child.stdout, tooMuch);
  const stderr = collect(child.stderr, tooMuch);
  child.on("error", (cause) => reject(toStartError(program, cause)));
  child.on("close", (exitCode) => resolve({ exitCode, stdout: stdout(), stderr: stderr() }));
  // A helper that ends without reading breaks the pipe; its exit code says more.
  child.stdin?.on("error", () => {});
  child.stdin?.end(input);
  return promise.finally(() => clearTimeout(timer));
}

/** Gathers output up to the bound; what it returns gives the text so far. */
function collect(stream: ChildProcess["stdout"], tooMuch: () => void): () => string {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  stream?.on("data", (chunk: Uint8Array) => {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_OUTPUT_BYTES) tooMuch();
    else chunks.push(chunk);
  });
  return () => new TextDecoder().decode(concat(chunks));
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}

/** Kills it and lets go of its pipes, which a process that it started may hold open. */
function stop(child: ChildProcess): void {
  child.kill("SIGKILL");
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
}

function toStartError(program: string, cause: unknown): CrossdockError {
  const { name, code, message } = cause as { name?: string; code?: string; message?: string };
  if (name === "NotCapable") {
    // Deno names the flag that it missed: node:child_process needs more than the one for programs, and variables
    // such as LD_LIBRARY_PATH are handed on only where every program may be run.
    const missed = /--allow-[a-z]+/.exec(message ?? "")?.[0] ?? "--allow-run";
    const isOneProgram = missed === "--allow-run" && !message?.includes("environment variable");
    const flag = isOneProgram ? `--allow-run=${program}` : missed;
    return new CrossdockError("usage", `run ${program}: Deno does not permit it`, {
      cause,
      hint: `allow it with ${flag}`,
    });
  }
  return new CrossdockError(
    "usage",
    code === "ENOENT" ? `run ${program}: not found on PATH` : `run ${program}: it does not start`,
    { cause, hint: `install ${program}, or take it out of credHelpers and credsStore` },
  );
}
