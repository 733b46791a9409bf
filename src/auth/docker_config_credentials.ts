import { ParseError } from "../errors.ts";
import type { CredentialMatch, CredentialSources } from "./credentials.ts";
import { describeMiss, showKey } from "./credentials.ts";
import { findAuth, parseDockerConfig } from "./docker_config.ts";

/**
 * The credentials in the text of a docker `config.json`, for hosts that can run no credential helper.
 *
 * @param from where the text came from, for people: `CROSSDOCK_REGISTRY_AUTH`
 * @throws ParseError when it does not parse, or leaves a credential to a helper
 */
export function credentialsFromDockerConfig(text: string, from: string): CredentialSources {
  const config = parseDockerConfig(text, from);
  if (config.credHelpers.length > 0 || config.credsStore) {
    throw new ParseError(
      `${from}: ${
        config.credsStore ? "credsStore" : "credHelpers"
      } names a program, which cannot be run here`,
      { hint: "write the credential itself into auths" },
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
