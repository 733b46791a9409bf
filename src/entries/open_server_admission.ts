import { openAdmission } from "../admission/open_admission.ts";
import type { OpenAdmissionOptions } from "../admission/open_admission.ts";
import type { Runtime } from "../runtime.ts";
import type { HostOptions } from "../server/compose.ts";

/** Opens the admission policy of a server, on hosts that verify signatures. */
export function openServerAdmission(
  { now }: Pick<Runtime, "now">,
  readFile?: OpenAdmissionOptions["readFile"],
): NonNullable<HostOptions["openAdmission"]> {
  return ({ sync: { admission }, sigstoreRoot, timeoutMs }) => {
    if (admission === undefined || admission === "unread") {
      throw new TypeError("the admission policy was not read");
    }
    return openAdmission(admission, { root: sigstoreRoot, readFile, now, timeoutMs });
  };
}
