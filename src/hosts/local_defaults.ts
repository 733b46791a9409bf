/** The defaults of the library on Deno, Node and Bun. `#defaults` in package.json refers to this file. */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { openAdmission } from "../admission/open_admission.ts";
import { firstOf } from "../auth/credentials.ts";
import { readAdmission } from "../config/read_admission.ts";
import { openAwsKey, openCloudKeys } from "../credentials/cloud_keys.ts";
import { runCredentialHelper } from "../credentials/credential_helper.ts";
import { dockerCredentials } from "../credentials/docker_credentials.ts";
import { createRuntime } from "./detect.ts";
import type { HostDefaults } from "./host_defaults.ts";

/**
 * Creates the defaults of this host, with the credentials that the command line finds: what Docker, Podman and Skopeo have stored,
 * and then the keys of clouds in environment variables.
 */
export async function createDefaults(): Promise<HostDefaults> {
  const runtime = await createRuntime();
  const environment = {
    env: process.env,
    readTextFile: (path: string) => readFile(path, "utf8"),
    now: () => Date.now(),
    createRuntime: () => Promise.resolve(runtime),
  };
  const cloudKeys = openCloudKeys(environment);
  return {
    runtime,
    credentials: firstOf(dockerCredentials(), cloudKeys),
    runHelper: (name, server) => runCredentialHelper(name, server, { env: process.env }),
    openAwsKey: () => openAwsKey(environment),
    env: process.env,
    admission: {
      read: readAdmission,
      open: (policy) =>
        openAdmission(policy, {
          root: process.env["CROSSDOCK_SIGSTORE_ROOT"],
          readFile: readOrNothing,
          now: () => runtime.now(),
        }),
    },
    openLayouts: async () => (await import("../layouts/mod.ts")).openLayouts(),
    openState: async (name) => (await import("./open_state.ts")).openState(name),
    readFile: readOrNothing,
  };
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
