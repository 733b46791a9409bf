/**
 * Runs Docker's credential helpers: `docker-credential-<name> get` reads a server from stdin and writes JSON to stdout.
 * https://github.com/docker/docker-credential-helpers
 */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { normalizeRegistry, toCredential } from "../auth/credentials.ts";
import type { Credential } from "../auth/credentials.ts";
import { CrossdockError, ParseError, SilenceError } from "../errors.ts";

/** Runs a credential helper for a registry. Resolves with undefined if it has no credential. */
export type RunHelper = (helper: string, registry: string) => Promise<Credential | undefined>;

/** How to run a credential helper. */
export interface CredentialHelperOptions {
  /** Environment of the program, which is searched on its PATH. */
  env: Readonly<Record<string, string | undefined>>;
  /** How long the program may take, in milliseconds. @default 10_000 */
  timeoutMs?: number;
}

const NAME = /^[A-Za-z0-9._-]+$/;
/** A token from a cloud provider's helper has about 3 KB, so longer output is not a credential. */
const MAX_OUTPUT_BYTES = 1024 * 1024;
/**
 * What helpers print, with exit code 1, if they have no credential: the message of the helper library, and of the keychain.
 * https://github.com/docker/docker-credential-helpers/blob/v0.9.3/credentials/error.go
 */
const NOT_FOUND = /credentials not found|could not be found in the keychain/i;

/**
 * Gets the credential of a registry from `docker-credential-<helper>`, or undefined if it has none.
 *
 * @param registry as references name it; for docker.io the helper receives the URL under which Docker stores it
 * @throws {ParseError} if the helper's name is invalid
 * @throws {CrossdockError} `usage` if it cannot be run, `unauthorized` if it fails; never with its output
 * @throws {SilenceError} if it exceeds the timeout
 */
export async function runCredentialHelper(
  helper: string,
  registry: string,
  options: CredentialHelperOptions,
): Promise<Credential | undefined> {
  if (!NAME.test(helper)) {
    throw new ParseError(`credential helper ${JSON.stringify(helper)}: invalid name`, {
      hint:
        "write the program's name without docker-credential-, with letters, digits, '.', '_' and '-'",
    });
  }
  const program = `docker-credential-${helper}`;
  const isDockerHub = normalizeRegistry(registry) === "docker.io";
  const server = isDockerHub ? "https://index.docker.io/v1/" : registry;
  const { exitCode, stdout, stderr } = await runProgram(program, server, options);
  if (exitCode === 0) return parseOutput(stdout, program);
  if (NOT_FOUND.test(stdout) || NOT_FOUND.test(stderr)) return undefined;
  throw new CrossdockError(
    "unauthorized",
    `run ${program} get for ${server}: ${
      exitCode === null ? "ended by a signal" : `failed with exit code ${exitCode}`
    }`,
    {
      hint:
        `log in again with docker login ${registry}, or run the program by hand to see its error`,
    },
  );
}

function parseOutput(stdout: string, program: string): Credential | undefined {
  let output: unknown;
  try {
    output = JSON.parse(stdout);
  } catch {
    // Without a cause, because that quotes the output.
    throw new CrossdockError("unauthorized", `${program} get: the output is not JSON`);
  }
  const { Username: username = "", Secret: secret = "" } = (output ?? {}) as Record<
    string,
    unknown
  >;
  if (typeof username !== "string" || typeof secret !== "string") {
    throw new CrossdockError(
      "unauthorized",
      `${program} get: expected Username and Secret to be strings`,
    );
  }
  return secret === "" ? undefined : toCredential(username, secret);
}

interface Exit {
  /** Null if a signal ended the program. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

function runProgram(
  program: string,
  input: string,
  options: CredentialHelperOptions,
): Promise<Exit> {
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
        hint: "the program may be waiting for a prompt: unlock its credential store and try again",
      }),
    );
  }, timeoutMs);
  const onOverflow = (): void => {
    stop(child);
    reject(
      new CrossdockError(
        "unauthorized",
        `${program} get: the output exceeds ${MAX_OUTPUT_BYTES} bytes`,
      ),
    );
  };
  const stdout = collect(child.stdout, onOverflow);
  const stderr = collect(child.stderr, onOverflow);
  child.on("error", (cause) => reject(toStartError(program, cause)));
  child.on("close", (exitCode) => resolve({ exitCode, stdout: stdout(), stderr: stderr() }));
  // A helper that ends without reading breaks the pipe. Its exit code is the better error.
  child.stdin?.on("error", () => {});
  child.stdin?.end(input);
  return promise.finally(() => clearTimeout(timer));
}

/** Collects output up to the limit. The returned function returns the text so far. */
function collect(stream: ChildProcess["stdout"], onOverflow: () => void): () => string {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  stream?.on("data", (chunk: Uint8Array) => {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_OUTPUT_BYTES) onOverflow();
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

/** Kills the program and closes its pipes, which one of its own children may hold open. */
function stop(child: ChildProcess): void {
  child.kill("SIGKILL");
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
}

function toStartError(program: string, cause: unknown): CrossdockError {
  const { name, code, message } = cause as { name?: string; code?: string; message?: string };
  if (name === "NotCapable") {
    // Deno names the missing flag. node:child_process needs more flags than --allow-run, and Deno passes variables such as
    // LD_LIBRARY_PATH on only if every program may be run.
    const missing = /--allow-[a-z]+/.exec(message ?? "")?.[0] ?? "--allow-run";
    const isOneProgram = missing === "--allow-run" && !message?.includes("environment variable");
    const flag = isOneProgram ? `--allow-run=${program}` : missing;
    return new CrossdockError("usage", `run ${program}: Deno denied permission`, {
      cause,
      hint: `run Deno with ${flag}`,
    });
  }
  return new CrossdockError(
    "usage",
    code === "ENOENT" ? `run ${program}: not found on PATH` : `run ${program}: cannot be started`,
    { cause, hint: `install ${program}, or remove it from credHelpers and credsStore` },
  );
}
