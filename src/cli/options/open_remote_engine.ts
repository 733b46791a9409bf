/** `--via`: the server that does the work, and the token that it is shown. */
import type { RemoteEngine } from "../../client/remote_engine.ts";
import { ParseError } from "../../errors.ts";
import type { Runtime } from "../../runtime.ts";
import type { CliEnvironment } from "../environment.ts";
import { readSecretDescriptor, readSecretVariable } from "./read_secret.ts";
import type { Secret } from "./read_secret.ts";

/** The options about a server's token. */
export interface ViaTokenFlags {
  readonly viaTokenEnv?: string | undefined;
  readonly viaTokenFd?: number | undefined;
}

/** The options about a server, of commands that can do without one. */
export interface ViaFlags extends ViaTokenFlags {
  readonly via?: string | undefined;
}

const TOKEN_VARIABLE = "CROSSDOCK_TOKEN";

/**
 * Makes an engine of the server at a URL.
 *
 * @throws ParseError for a URL or a token that cannot be used
 */
export async function openRemoteEngine(
  environment: CliEnvironment,
  url: string,
  flags: ViaTokenFlags,
): Promise<RemoteEngine> {
  const token = await readToken(flags, environment);
  return environment.createRemoteEngine({
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
    throw new ParseError("--via-token-env and --via-token-fd exclude each other: give one of them");
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

/** The runtime's, whose errors say the same on every host. It decodes nothing on some of them, so nothing may be encoded. */
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
