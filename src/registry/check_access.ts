import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { parseRegistry, parseRepository } from "../oci/reference.ts";
import type { RegistryClient } from "./client.ts";
import type { OnRetry, RegistryRequest } from "./request.ts";

/** The result of checking a registry with the credential found for it. Never contains a secret. */
export interface AccessCheck {
  /** The registry that was checked. */
  readonly registry: string;
  /** The repository that was checked, if one was named. */
  readonly repository?: string;
  /** Where the credential comes from. Absent if none was found. */
  readonly from?: string;
  /** The places that were searched for a credential. */
  readonly sources: readonly string[];
  /**
   * `accepted`: the registry accepts the credential. `refused`: it rejects the credential. `anonymous`: there is no credential
   * and the registry does not require one. `none`: there is no credential, but the registry requires one.
   */
  readonly result: "accepted" | "refused" | "anonymous" | "none";
}

export interface CheckAccessOptions extends CallOptions {
  /** Checks the right to push to the repository, by an upload that is opened and cancelled. Default: the right to pull. */
  readonly isPush?: boolean | undefined;
  readonly onRetry?: OnRetry;
}

/** Checks access to a registry, or to one repository of it, with the credential found for it. */
export async function checkAccess(
  client: RegistryClient,
  repository: string | undefined,
  options: CheckAccessOptions = {},
): Promise<AccessCheck> {
  const match = await client.authenticator.findCredential(repository);
  const isAllowed = repository !== undefined && options.isPush
    ? await tryPush(client, repository, options)
    : await tryAccess(client, repository, options);
  return {
    registry: client.registry,
    ...(repository === undefined ? {} : { repository }),
    ...(match ? { from: match.from } : {}),
    sources: client.authenticator.describeSources(),
    result: match ? (isAllowed ? "accepted" : "refused") : isAllowed ? "anonymous" : "none",
  };
}

/** Parses `ghcr.io` or `ghcr.io/org/app`. A single word names a registry here, not a repository of Docker Hub. */
export function parseAccessName(
  name: string,
): { readonly registry: string; readonly repository: string | undefined } {
  const text = name.replace(/^docker:\/\//, "").replace(/\/$/, "");
  if (text.includes("/")) return parseRepository(text);
  return { registry: parseRegistry(text), repository: undefined };
}

/** A 404 means access to a repository that does not exist. */
async function tryAccess(
  client: RegistryClient,
  repository: string | undefined,
  { signal, onRetry }: CheckAccessOptions,
): Promise<boolean> {
  try {
    const response = await client.send({
      method: "GET",
      target: repository === undefined ? "/v2/" : `/v2/${repository}/tags/list?n=1`,
      what: `check access to ${client.registry}`,
      access: {
        repository,
        scopes: repository === undefined ? [] : [{ repository, actions: ["pull"] }],
      },
      accept: repository === undefined ? [200] : [200, 404],
      onRetry,
      signal,
    });
    await response.body?.cancel();
    const { status, headers } = response;
    const isWebPage = /^text\/html\b/i.test(headers.get("content-type") ?? "");
    if (status === 404 && isWebPage && !headers.has("docker-distribution-api-version")) {
      const what = `check access to ${client.registry}: ${client.registry} answered 404`;
      throw new CrossdockError("registry", `${what} with a web page, which no registry sends`, {
        side: client.side,
        hint: "check the registry name: another service answers at this host",
      });
    }
    return true;
  } catch (error) {
    return rethrowUnlessDenied(error);
  }
}

/** Opens an upload and cancels it. A 404 means access to a repository that does not exist. */
async function tryPush(
  client: RegistryClient,
  repository: string,
  { signal, onRetry }: CheckAccessOptions,
): Promise<boolean> {
  const request = {
    what: `check push access to ${client.registry}/${repository}`,
    access: {
      repository,
      scopes: [{ repository, actions: ["pull" as const, "push" as const] }],
    },
    onRetry,
    signal,
  };
  try {
    const target = `/v2/${repository}/blobs/uploads/`;
    const response = await client.send({ ...request, method: "POST", target, accept: [202, 404] });
    await response.body?.cancel();
    const from = client.urlOf(response) ?? client.resolve(target);
    const location = URL.parse(response.headers.get("location") ?? "", from);
    // A Location elsewhere would choose the host and the path that the DELETE reaches.
    if (response.status === 202 && location?.origin === client.resolve("/").origin) {
      await cancelUpload(client, { ...request, target: location });
    }
    return true;
  } catch (error) {
    return rethrowUnlessDenied(error);
  }
}

/** The registry discards an upload that cannot be cancelled after a while. */
async function cancelUpload(
  client: RegistryClient,
  request: Pick<RegistryRequest, "what" | "access" | "target" | "signal">,
): Promise<void> {
  try {
    const accept = [200, 202, 204];
    const response = await client.send({ ...request, method: "DELETE", accept, mayRepeat: false });
    await response.body?.cancel();
  } catch {
    request.signal?.throwIfAborted();
  }
}

function rethrowUnlessDenied(error: unknown): false {
  const isDenied = error instanceof CrossdockError &&
    (error.code === "unauthorized" || error.code === "denied");
  if (isDenied) return false;
  throw error;
}
