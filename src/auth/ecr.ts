/**
 * Credentials for Amazon ECR without a credential helper: exchanges an IAM access key for a registry password. Also creates
 * repositories on push. docs/registries/ecr.md
 */
import { CrossdockError } from "../errors.ts";
import { awsErrorName, keyName, toAwsError } from "./aws_api.ts";
import { cloudCredentials } from "./cloud_credentials.ts";
import type { ExpiringMatch, Grant } from "./cloud_credentials.ts";
import type { CredentialSources } from "./credentials.ts";
import { callEcr, findEcrRegistry } from "./ecr_api.ts";
import type { EcrOptions } from "./ecr_api.ts";
import type { EcrRegistry } from "./ecr_registry.ts";

/** The lifetime by the API reference of AuthorizationData, used if the response states none. */
const TOKEN_LIFETIME_MS = 12 * 60 * 60 * 1000;

/**
 * Credentials only for the hosts of Amazon ECR, private and public: user `AWS` with the password from GetAuthorizationToken. All
 * accounts and repositories of a region share one password, so it is requested once.
 *
 * ```ts
 * const fetch: FetchForExchange = (request) => runtime.fetch(request);
 * ecrCredentials({ accessKeyId: "AKIA…", secretAccessKey: "…", fetch, now: () => runtime.now() });
 * ```
 *
 * If the key has no permission for the public registry, that registry is used anonymously, because anyone may pull from it. For
 * other registries `lookup()` rejects with CrossdockError `unauthorized` or `denied` if Amazon rejects the key, and with
 * `rate_limited` or `registry` if it returns no password.
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
 * Returns a function that creates repositories in Amazon ECR, for `SideOptions.createRepository`. It resolves to true if the
 * repository was created or exists, and to false for a registry outside Amazon ECR.
 *
 * It also resolves to false for the public registry. The first part of a name there is an alias, which the API does not accept,
 * so the repository could be created under another alias.
 *
 * It rejects with CrossdockError `unauthorized` or `denied` if Amazon rejects the key, and with `registry` if Amazon rejects the
 * name or a quota is reached.
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
      // With the account: a push to another account must not create a repository in the account of the key.
      input: { registryId: found.account, repositoryName: repository },
      what,
      signal,
    });
    if (answer.status === 200 || awsErrorName(answer) === "RepositoryAlreadyExistsException") {
      return true;
    }
    throw toAwsError(options, answer, { what, api: found.api, permission: "ecr:CreateRepository" });
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
    const error = toAwsError(options, answer, { what, api: found.api, permission });
    if (found.service === "ecr-public" && error.code === "denied") return undefined;
    throw error;
  }
  const { authorizationToken = "", expiresAt } = answer.members.authorizationData ?? {};
  const [username, password] = decodeToken(authorizationToken) ?? [];
  if (username === undefined || password === undefined) {
    throw new CrossdockError("registry", `${what}: the response of ${found.api.host} has no token`);
  }
  return {
    credential: { kind: "basic", username, password },
    from: `${keyName(options)} (Amazon ECR in ${found.region})`,
    expiresAt: expiresAt ? expiresAt * 1000 : options.now() + TOKEN_LIFETIME_MS,
  };
}

/** Decodes base64 of `AWS:password`. */
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
