import type { AdmissionPolicy } from "../admission/policy.ts";
import type { AwsOptions } from "../auth/aws_api.ts";
import type { Credential, CredentialSources } from "../auth/credentials.ts";
import type { ReadAdmission } from "../config/read_admission.ts";
import type { AdmissionCheck } from "../copy/admission.ts";
import type { Runtime } from "../runtime.ts";
import type { StateStore } from "../state_store.ts";
import type { Layouts } from "../sides.ts";

/** Layouts that hold files open. */
interface OpenedLayouts extends Layouts {
  /** Call it after the last copy. */
  close(): Promise<void>;
}

/** The defaults of the library on a host. */
export interface HostDefaults {
  readonly runtime: Runtime;
  readonly credentials: CredentialSources;
  /** Runs a credential helper of Docker: `docker-credential-NAME`. Absent on hosts without programs. */
  readonly runHelper?: (name: string, server: string) => Promise<Credential | undefined>;
  /** The access key of AWS in environment variables. Resolves to undefined without one. Absent on hosts without variables. */
  readonly openAwsKey?: () => Promise<AwsOptions | undefined>;
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Opens images in folders and files; absent on hosts without files. */
  readonly openLayouts?: () => Promise<OpenedLayouts>;
  /** Opens the store of a remembered state. Absent on hosts without files. */
  readonly openState?: (name: string) => Promise<StateStore>;
  /** Reads the admission policy of a configuration, and opens its check; absent on hosts that cannot verify signatures. */
  readonly admission?: {
    readonly read: ReadAdmission;
    readonly open: (policy: AdmissionPolicy) => AdmissionCheck;
  };
  /** Reads a text file; `undefined` if it cannot be read. Absent on hosts without files. */
  readonly readFile?: (path: string) => string | undefined;
}
