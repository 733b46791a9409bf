import { ParseError } from "../errors.ts";
import type { CredentialMatch, CredentialSources } from "./credentials.ts";
import { describeMiss, showKey } from "./credentials.ts";
import { findAuth, parseDockerConfig } from "./docker_config.ts";

/**
 * Credentials from the text of a Docker `config.json`, for hosts that cannot run a credential helper.
 *
 * @param from the origin of the text, used in messages: `CROSSDOCK_REGISTRY_AUTH`
 * @throws ParseError if the text does not parse, or refers to a credential helper
 */
export function credentialsFromDockerConfig(text: string, from: string): CredentialSources {
  const config = parseDockerConfig(text, from);
  if (config.credHelpers.length > 0 || config.credsStore) {
    throw new ParseError(
      `${from}: ${
        config.credsStore ? "credsStore" : "credHelpers"
      } refers to a credential helper, which cannot run here`,
      { hint: "write the credential into auths" },
    );
  }
  return {
    lookup(registry, repository): Promise<CredentialMatch | undefined> {
      const found = findAuth(config, registry, repository);
      return Promise.resolve(
        found && "credential" in found
          ? { credential: found.credential, from: `${from} (auths ${showKey(found.key)})` }
          : undefined,
      );
    },
    describe: (registry = "") => [
      `${from}: ${describeMiss(config.auths.map(([key]) => key), registry)}`,
    ],
  };
}
