/** Opens the server that `--via` names, with its token. */
import type { RemoteEngine } from "../../client/remote_engine.ts";
import { ParseError } from "../../errors.ts";
import type { Runtime } from "../../runtime.ts";
import type { CliEnvironment } from "../environment.ts";
import type { ValuesOf } from "./add_options.ts";
import type { VIA_OPTIONS } from "./options.ts";
import { readSecretDescriptor, readSecretVariable } from "./read_secret.ts";
import type { Secret } from "./read_secret.ts";

/** The flags for a server's token. */
export type ViaTokenFlags = Omit<ValuesOf<typeof VIA_OPTIONS>, "via">;

const TOKEN_VARIABLE = "CROSSDOCK_TOKEN";

/**
 * Makes an engine that runs on the server at a URL.
 *
 * @throws ParseError for an invalid URL or token
 */
export async function openRemoteEngine(
  environment: CliEnvironment,
  url: string,
  flags: ViaTokenFlags,
): Promise<RemoteEngine> {
  const token = await readToken(flags, environment);
  return await environment.createRemoteEngine({
    url,
    ...(token ? { token: token.text } : {}),
    tokenName: token?.from ?? TOKEN_VARIABLE,
    fetch: toFetch(await environment.createRuntime()),
  });
}

async function readToken(
  { viaTokenEnv, viaTokenFd }: ViaTokenFlags,
  environment: CliEnvironment,
): Promise<Secret | undefined> {
  if (viaTokenEnv !== undefined && viaTokenFd !== undefined) {
    throw new ParseError("--via-token-env and --via-token-fd cannot be combined");
  }
  if (viaTokenEnv !== undefined) {
    return readSecretVariable("--via-token-env", viaTokenEnv, environment);
  }
  if (viaTokenFd !== undefined) {
    return await readSecretDescriptor("--via-token-fd", viaTokenFd, environment);
  }
  const text = environment.env[TOKEN_VARIABLE];
  return text ? { text, from: TOKEN_VARIABLE } : undefined;
}

/** Uses the runtime, whose errors are the same on every host. Some hosts decode nothing, so no encoding is accepted. */
function toFetch(runtime: Runtime): typeof fetch {
  return async (input, init = {}) => {
    const { method = "GET", body, signal } = init;
    const headers = new Headers(init.headers);
    headers.set("accept-encoding", "identity");
    return await runtime.fetch({
      method,
      url: new URL(input instanceof Request ? input.url : input),
      headers,
      ...(typeof body === "string" ? { body } : {}),
      ...(signal ? { signal } : {}),
    });
  };
}
