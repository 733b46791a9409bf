import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { parseRegistry, parseRepository } from "../oci/reference.ts";
import type { RegistryClient } from "./client.ts";

/** What a registry says to the credentials that were found for it. Never holds one. */
export interface AccessCheck {
  readonly registry: string;
  readonly repository?: string;
  /** Where the credential came from; absent when none was found. */
  readonly from?: string;
  /** What was looked at. */
  readonly sources: readonly string[];
  /**
   * `accepted`: the registry took the credential; `refused`: it did not; `anonymous`: there is none, and it answers without;
   * `none`: there is none, and it wants one.
   */
  readonly result: "accepted" | "refused" | "anonymous" | "none";
}

/** Tries a registry, or one repository of it, with what was found. */
export async function checkAccess(
  client: RegistryClient,
  repository: string | undefined,
  { signal }: CallOptions = {},
): Promise<AccessCheck> {
  const match = await client.authenticator.findCredential(repository);
  const isTaken = await tryAccess(client, repository, signal);
  return {
    registry: client.registry,
    ...(repository === undefined ? {} : { repository }),
    ...(match ? { from: match.from } : {}),
    sources: client.authenticator.describeSources(),
    result: match ? (isTaken ? "accepted" : "refused") : isTaken ? "anonymous" : "none",
  };
}

/** `ghcr.io` or `ghcr.io/org/app`. A lone word is a registry here, not a repository of Docker Hub. */
export function parseAccessName(
  name: string,
): { readonly registry: string; readonly repository: string | undefined } {
  const text = name.replace(/^docker:\/\//, "").replace(/\/$/, "");
  if (text.includes("/")) return parseRepository(text);
  return { registry: parseRegistry(text), repository: undefined };
}

/** A repository that is not there answers 404 to whoever may look. */
async function tryAccess(
  client: RegistryClient,
  repository: string | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const response = await client.send({
      method: "GET",
      target: repository === undefined ? "/v2/" : `/v2/${repository}/tags/list?n=1`,
      what: `try ${client.registry}`,
      access: {
        repository,
        scopes: repository === undefined ? [] : [{ repository, actions: ["pull"] }],
      },
      accept: repository === undefined ? [200] : [200, 404],
      signal,
    });
    await response.body?.cancel();
    return true;
  } catch (error) {
    if (
      error instanceof CrossdockError && (error.code === "unauthorized" || error.code === "denied")
    ) return false;
    throw error;
  }
}
