/** The defaults of the library on Deno, Node and Bun. `#defaults` in package.json refers to this file. */
import { readFileSync } from "node:fs";
import process from "node:process";
import { dockerCredentials } from "../credentials/docker_credentials.ts";
import { createRuntime } from "./detect.ts";
import type { HostDefaults } from "./host_defaults.ts";

/** Creates the defaults of this host, with the credentials that Docker, Podman and Skopeo have stored. */
export async function createDefaults(): Promise<HostDefaults> {
  return {
    runtime: await createRuntime(),
    credentials: dockerCredentials(),
    env: process.env,
    openLayouts: async () => (await import("../layouts/mod.ts")).openLayouts(),
    readFile(path): string | undefined {
      try {
        return readFileSync(path, "utf8");
      } catch {
        return undefined;
      }
    },
  };
}
