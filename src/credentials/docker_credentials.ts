/**
 * The credentials that `docker login`, `podman login` and `skopeo login` have stored on this machine. For Deno, Node and Bun.
 *
 * ```ts
 * import { createEngine } from "crossdock";
 * import { dockerCredentials } from "crossdock/credentials";
 * import { createRuntime } from "crossdock/runtime";
 *
 * const source = { credentials: dockerCredentials() };
 * const engine = createEngine({ runtime: await createRuntime(), source });
 * ```
 *
 * @module
 */
import process from "node:process";
import type { CredentialSources } from "../auth/credentials.ts";
import { runCredentialHelper } from "./credential_helper.ts";
import { dockerConfigSources } from "./docker_config_files.ts";

/** Options of {@linkcode dockerCredentials}. */
export interface DockerCredentialsOptions {
  /** The variables that name the files, and the environment of credential helpers. Default: those of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads credentials from the files of Docker, Podman and Skopeo, and runs their credential helpers. Searched in this order:
 * `$DOCKER_AUTH_CONFIG` (the JSON itself), `$REGISTRY_AUTH_FILE`, `$XDG_RUNTIME_DIR/containers/auth.json`, and
 * `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`. Nothing is read before the first lookup.
 *
 * A lookup throws `ParseError` for a file that exists but cannot be used.
 */
export function dockerCredentials(options: DockerCredentialsOptions = {}): CredentialSources {
  const { env = process.env } = options;
  let opened: CredentialSources | undefined;
  // Not before the first lookup: Deno asks for the permission to read a variable.
  const open = (): CredentialSources =>
    opened ??= dockerConfigSources({
      env,
      runHelper: (helper, registry) => runCredentialHelper(helper, registry, { env }),
    });
  return {
    lookup: async (...about) => await open().lookup(...about),
    describe: (registry) => opened?.describe(registry) ?? [],
  };
}
