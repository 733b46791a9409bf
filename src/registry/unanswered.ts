import { NetworkError } from "../errors.ts";
import type { RegistryClient } from "./client.ts";
import { redactUrl, RegistryError } from "./registry_error.ts";

/**
 * Whether a question that only saves work got no usable answer: a mount, a check for a blob, or a check for a manifest. The result
 * is then unknown, and the copy takes the long way. Answers of the token server and a 429 of the registry remain errors, because
 * they concern every request. A connection that fails is an error too, unless the registry redirected to that host.
 */
export function isUnanswered(
  client: RegistryClient,
  error: unknown,
): error is RegistryError | NetworkError {
  if (error instanceof NetworkError) return client.isUnreachedRedirect(error);
  if (!(error instanceof RegistryError)) return false;
  const { scheme } = client.memory;
  if (scheme?.kind === "bearer" && error.url === redactUrl(scheme.realm.url)) return false;
  return error.code !== "rate_limited" || !isOwnAnswer(client, error);
}

/** Like {@linkcode isUnanswered}, for a question without a scope of its own: a 401 then means a wrong credential. */
export function isUnansweredCheck(
  client: RegistryClient,
  error: unknown,
): error is RegistryError | NetworkError {
  return isUnanswered(client, error) &&
    !(error instanceof RegistryError && error.status === 401 && isOwnAnswer(client, error));
}

/** Whether the registry itself answered, and not the storage that it redirects to. */
function isOwnAnswer(client: RegistryClient, { url }: RegistryError): boolean {
  return new URL(url).host === client.resolve("/").host;
}
