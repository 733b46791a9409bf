/** The defaults of the library on Cloudflare Workers. `#defaults` in package.json refers to this file. */
import { noCredentials } from "../auth/credentials.ts";
import type { HostDefaults } from "./host_defaults.ts";
import { createWorkerdRuntime } from "./workerd.ts";

/** Creates the defaults of a Worker, which has neither files nor stored credentials. */
export function createDefaults(): Promise<HostDefaults> {
  return Promise.resolve({
    runtime: createWorkerdRuntime(),
    credentials: noCredentials,
    env: {},
  });
}
