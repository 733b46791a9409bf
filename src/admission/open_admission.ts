import type { AdmissionCheck } from "../copy/admission.ts";
import { ParseError } from "../errors.ts";
import type { AdmissionPolicy } from "./policy.ts";
import { loadTrustRoot, parseTrustRoot } from "./trust_root.ts";

export interface OpenAdmissionOptions {
  /** The value of `CROSSDOCK_SIGSTORE_ROOT`: a trust root as JSON, or its file. Default: that of this package. */
  readonly root?: string | undefined;
  /** Reads a file; absent on hosts without files. Returns `undefined` for a file that cannot be read. */
  readonly readFile?: ((path: string) => string | undefined) | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Idle timeout in milliseconds. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Opens the check of a policy. The first check loads the code for it.
 *
 * @throws ParseError for a trust root that cannot be used
 */
export function openAdmission(
  policy: AdmissionPolicy,
  { root, readFile, now, timeoutMs }: OpenAdmissionOptions,
): AdmissionCheck {
  const given = root ? parseTrustRoot(readRoot(root, readFile), ROOT_VARIABLE) : undefined;
  let opening: Promise<AdmissionCheck> | undefined;
  async function open(): Promise<AdmissionCheck> {
    const { createAdmission } = await import("./check.ts");
    return createAdmission(policy, { trustRoot: given ?? await loadTrustRoot(), now, timeoutMs });
  }
  return {
    check: async (image, context) => await (await (opening ??= open())).check(image, context),
  };
}

const ROOT_VARIABLE = "CROSSDOCK_SIGSTORE_ROOT";

function readRoot(root: string, readFile: OpenAdmissionOptions["readFile"]): string {
  if (root.trimStart().startsWith("{")) return root;
  const text = readFile?.(root);
  if (text !== undefined) return text;
  throw new ParseError(
    readFile
      ? `${ROOT_VARIABLE}: read ${root}: the file cannot be read`
      : `${ROOT_VARIABLE}: this host has no files; set the variable to the content of trusted_root.json`,
  );
}
