/** Attempts that most cases need: a copy of `app:1` that succeeds, and one that fails. */
import assert from "node:assert/strict";
import type { RegistryOptions, RunningRegistry } from "../support/registry.ts";
import type { Attempt, Outcome } from "./fault_case.ts";
import type { Scene } from "./scene.ts";

export const MIB = 1024 * 1024;

/** The registries of a case. The hosts are where the tool finds them, for example behind a proxy. */
export interface Pair {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  readonly sourceHost?: string;
  readonly destinationHost?: string;
}

export async function startPair(
  scene: Scene,
  options: { source?: RegistryOptions; destination?: RegistryOptions } = {},
): Promise<Pair> {
  return {
    source: await scene.registry(options.source),
    destination: await scene.registry(options.destination),
  };
}

type More = Partial<Omit<Attempt, "check">> & {
  /** A further check. */
  also?(outcome: Outcome): void | Promise<void>;
};

/** A copy of `app:1` after which the destination has this digest at `app:1`. */
export function copies(pair: Pair, wanted: { digest: string }, more: More = {}): Attempt {
  const { also, ...rest } = more;
  return {
    ...names(pair),
    ...rest,
    async check(outcome): Promise<void> {
      expectExit(outcome, 0);
      const manifest = pair.destination.getManifest("app", "1");
      assert.equal(manifest?.digest, wanted.digest, "the digest of the destination's tag");
      await also?.(outcome);
    },
  };
}

/** What a failure must look like. */
export interface Failure {
  /** The exit codes that crossdock may have. */
  readonly codes: readonly number[];
  /** What crossdock's message must contain. */
  readonly text?: RegExp;
}

/** A copy of `app:1` that fails and sets no tag. */
export function fails(pair: Pair, failure: Failure, more: More = {}): Attempt {
  const { also, ...rest } = more;
  return {
    ...names(pair),
    ...rest,
    async check(outcome): Promise<void> {
      expectFailure(outcome, failure);
      assert.equal(pair.destination.getManifest("app", "1"), undefined, "the destination's tag");
      await also?.(outcome);
    },
  };
}

function names({ source, destination, sourceHost, destinationHost }: Pair): {
  source: string;
  destination: string;
} {
  return {
    source: `${sourceHost ?? source.host}/app:1`,
    destination: `${destinationHost ?? destination.host}/app:1`,
  };
}

/** Rejects with the output, so that a failed case can be understood. */
export function expectExit(outcome: Outcome, code: number): void {
  assert.equal(outcome.exitCode, code, `exit code ${outcome.exitCode}: ${outcome.output}`);
}

export function expectFailure(outcome: Outcome, { codes, text }: Failure): void {
  const { exitCode, output, isCrossdock } = outcome;
  assert.notEqual(exitCode, 0, `it succeeded: ${output}`);
  if (!isCrossdock) return;
  assert.ok(codes.includes(exitCode), `exit code ${exitCode}, expected ${codes}: ${output}`);
  if (text) assert.match(output, text);
}

/** A refusal as the spec describes it. */
export function refusal(status: number, code: string, message = ""): Response {
  return new Response(refusalBody(code, message), {
    status,
    headers: { "content-type": "application/json" },
  });
}

export function refusalBody(code: string, message = ""): string {
  return JSON.stringify({ errors: [{ code, message }] });
}

/** Reads a request body to its end, as a proxy does before it answers. */
export async function discard(request: Request): Promise<void> {
  await request.body?.pipeTo(new WritableStream());
}

/** Whether the request has a body. */
export function hasBody({ headers }: Request): boolean {
  return Number(headers.get("content-length") ?? 0) > 0 || headers.has("transfer-encoding");
}
