import { openAdmission } from "../../admission/open_admission.ts";
import type { AdmissionPolicy } from "../../admission/policy.ts";
import { readAdmission } from "../../config/read_admission.ts";
import { parseSyncConfig } from "../../config/sync_config.ts";
import type { SyncConfig } from "../../config/sync_config.ts";
import type { AdmissionCheck } from "../../copy/admission.ts";
import { ParseError } from "../../errors.ts";
import type { CliEnvironment } from "../environment.ts";
import { readOptionFile } from "./read_input_file.ts";

/**
 * Reads the admission policy of a file. Its other parts are checked, and not used.
 *
 * @throws {SyncConfigError} with all mistakes of the file; ParseError if it has no policy
 */
export async function readPolicyFile(
  path: string,
  environment: CliEnvironment,
): Promise<AdmissionPolicy> {
  const text = await readOptionFile(path, "--policy", environment);
  const { config: { admission } } = parseSyncConfig(text, {
    from: path,
    env: environment.env,
    now: environment.now(),
    readFile: (name) => readIfPossible(name, environment),
    allowsLocal: true,
    allowsHelpers: true,
    readAdmission,
  });
  if (admission !== undefined && admission !== "unread") return admission;
  throw new ParseError(`${path}: no policy found, expected the key admission`, {
    hint: "docs/admission.md describes its format",
  });
}

/** @throws ParseError for a trust root that cannot be used */
export function openCliAdmission(
  policy: SyncConfig["admission"],
  environment: CliEnvironment,
): AdmissionCheck | undefined {
  if (policy === undefined || policy === "unread") return undefined;
  return openAdmission(policy, {
    root: environment.env["CROSSDOCK_SIGSTORE_ROOT"],
    readFile: (name) => readIfPossible(name, environment),
    now: () => environment.now(),
  });
}

/** For templates and the trust root, which report a file that cannot be read. */
export function readIfPossible(path: string, environment: CliEnvironment): string | undefined {
  try {
    return environment.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
