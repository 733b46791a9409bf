/**
 * Amazon ECR without a helper program: a key of IAM becomes the password that the registry takes, and repositories are
 * created where a push needs them. docs/registries/ecr.md
 */
import { CrossdockError } from "../errors.ts";
import { cloudCredentials } from "./cloud_credentials.ts";
import type { ExpiringMatch, Grant } from "./cloud_credentials.ts";
import type { CredentialSources } from "./credentials.ts";
import { callEcr, ecrErrorName, findEcrRegistry, keyName, toEcrError } from "./ecr_api.ts";
import type { EcrOptions } from "./ecr_api.ts";
import type { EcrRegistry } from "./ecr_registry.ts";

/** As the API reference has it for AuthorizationData; used where the answer does not say. */
const TOKEN_LIFETIME_MS = 12 * 60 * 60 * 1000;

/**
 * Credentials for the hosts of Amazon ECR, private and public, and for no other: user `AWS` with the password that
 * GetAuthorizationToken gives. One password serves all accounts and repositories of a region, so it is asked for once.
 *
 * ```ts
 * const fetch: FetchForExchange = (request) => runtime.fetch(request);
 * ecrCredentials({ accessKeyId: "AKIA…", secretAccessKey: "…", fetch, now: () => runtime.now() });
 * ```
 *
 * A key without a right to the public registry leaves that anonymous, as anybody may pull from it. Other look-ups reject
 * with CrossdockError `unauthorized` or `denied` when Amazon refuses the key, `rate_limited` or `registry` when it answers
 * anything but a password.
 */
export function ecrCredentials(options: EcrOptions): CredentialSources {
  return cloudCredentials({
    now: options.now,
    from: keyName(options),
    memory: options.memory,
    service: "Amazon ECR",
    find(registry): Grant | undefined {
      const found = findEcrRegistry(options, registry);
      if (!found) return undefined;
      const request = (): Promise<ExpiringMatch | undefined> => getToken(options, found, registry);
      return { key: found.api.href, request };
    },
  });
}

/**
 * Creates repositories in Amazon ECR, for `SideOptions.createRepository`. Gives true when the repository was created or
 * is there, false for a registry that is not Amazon's.
 *
 * It gives false for the public registry, too: the first part of a name there is an alias, which the API does not take,
 * so that a repository might come to be under another's.
 *
 * The function rejects with CrossdockError `unauthorized` or `denied` when Amazon refuses the key, `registry` when it
 * refuses the name or has no room for another repository.
 */
export function createEcrRepository(
  options: EcrOptions,
): (
  name: { registry: string; repository: string },
  callOptions?: { signal?: AbortSignal },
) => Promise<boolean> {
  return async ({ registry, repository }, { signal } = {}) => {
    const found = findEcrRegistry(options, registry);
    if (found?.account === undefined) return false;
    const what = `create repository ${registry}/${repository}`;
    const answer = await callEcr(options, {
      registry: found,
      operation: "CreateRepository",
      // With the account: a push into another's registry must not create a repository in one's own.
      input: { registryId: found.account, repositoryName: repository },
      what,
      signal,
    });
    if (answer.status === 200 || ecrErrorName(answer) === "RepositoryAlreadyExistsException") {
      return true;
    }
    throw toEcrError(options, answer, { what, api: found.api, permission: "ecr:CreateRepository" });
  };
}

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html */
async function getToken(
  options: EcrOptions,
  found: EcrRegistry,
  registry: string,
): Promise<ExpiringMatch | undefined> {
  const what = `get a token for ${registry}`;
  const answer = await callEcr(options, {
    registry: found,
    operation: "GetAuthorizationToken",
    input: {},
    what,
  });
  if (answer.status !== 200) {
    const permission = "ecr:GetAuthorizationToken";
    const error = toEcrError(options, answer, { what, api: found.api, permission });
    if (found.service === "ecr-public" && error.code === "denied") return undefined;
    throw error;
  }
  const { authorizationToken = "", expiresAt } = answer.members.authorizationData ?? {};
  const [username, password] = decodeToken(authorizationToken) ?? [];
  if (username === undefined || password === undefined) {
    throw new CrossdockError("registry", `${what}: ${found.api.host} answered without a token`);
  }
  return {
    credential: { kind: "basic", username, password },
    from: `${keyName(options)} (Amazon ECR in ${found.region})`,
    expiresAt: expiresAt ? expiresAt * 1000 : options.now() + TOKEN_LIFETIME_MS,
  };
}

/** Base64 of `AWS:password`. */
function decodeToken(token: string): [username: string, password: string] | undefined {
  let text: string;
  try {
    text = atob(token);
  } catch {
    return undefined;
  }
  const colon = text.indexOf(":");
  return colon > 0 ? [text.slice(0, colon), text.slice(colon + 1)] : undefined;
}
