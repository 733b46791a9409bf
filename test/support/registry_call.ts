import type { RegistryOptions } from "./registry_options.ts";
import { refusal } from "./registry_refusal.ts";
import type { Bytes, Store } from "./registry_store.ts";

/** One request to a repository. */
export interface Call {
  readonly store: Store;
  readonly options: RegistryOptions;
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: ReadableStream<Bytes> | null;
  /** The repository's name. */
  readonly name: string;
  /** The last part of the path: a digest, a tag, the id of an upload, or nothing. */
  readonly reference: string;
}

/** A path of this registry in the form of its Location headers. */
export function locate(call: Call, path: string): string {
  return call.options.location === "relative" ? path : call.url.origin + path;
}

/** The response to a method that the path does not support. */
export function methodNotAllowed(call: Call): never {
  throw refusal(405, "UNSUPPORTED", `${call.method} is not possible here`);
}
