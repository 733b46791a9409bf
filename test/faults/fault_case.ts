/** A case of test/faults: a registry or network that misbehaves, a copy, and the result that it must have. */
import type { Scene } from "./scene.ts";

export interface FaultCase {
  /** `mount-401` */
  readonly id: string;
  /** What goes wrong, in one sentence. */
  readonly situation: string;
  /** What a tool must be able to do. Tools without it skip the case. Default: copying alone. */
  readonly needs?: readonly Ability[];
  /** The hosts of crossdock on which the case runs. Default: both. */
  readonly on?: readonly Host[];
  /** Sets the scene up, and returns what to run in it. */
  start(scene: Scene): Promise<Attempt>;
}

/** `crossdock` stands for its own commands, options and files. */
export type Ability = "crossdock" | "index" | "referrers" | "digestTags";

export type Host = "deno" | "workerd";

/** One run of the tool that is under test. */
export interface Attempt {
  /** `127.0.0.1:41234/app:1` */
  readonly source: string;
  readonly destination: string;
  /** Arguments of crossdock in place of `copy SOURCE DESTINATION`. */
  readonly command?: readonly string[];
  /** Further options of `crossdock copy`. */
  readonly flags?: readonly string[];
  /** The same options as fields of `POST /v1/copies`, for workerd. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** A path of the server to GET in place of a copy, for workerd. */
  readonly get?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** `user:password` by registry. */
  readonly credentials?: Readonly<Record<string, string>>;
  /** The bytes of docker's `config.json`, in place of `credentials`. */
  readonly dockerConfig?: string | Uint8Array;
  /** The idle timeout of crossdock. Other tools use their own. */
  readonly timeoutMs?: number;
  /** Rejects if the result is wrong. */
  check(outcome: Outcome): void | Promise<void>;
}

/** The result of a run. */
export interface Outcome {
  readonly exitCode: number;
  /** stdout and stderr, or the answer of the server. */
  readonly output: string;
  /** From the first request to the end of the run. */
  readonly seconds: number;
  /** Whether crossdock ran. Of other tools only the failure is expected, not exit code and message. */
  readonly isCrossdock: boolean;
}
