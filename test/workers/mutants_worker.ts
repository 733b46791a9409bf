/** Verifies bundles in workerd, with the code of the Worker of the admission policy. */
import { CandidateError } from "../../src/admission/candidate_error.ts";
import { verifyBundle } from "../admission/verify_bundle.ts";
import type { VerifyBundleOptions } from "../admission/verify_bundle.ts";

/** The body of a request. */
export interface BundlesToVerify extends VerifyBundleOptions {
  readonly bundles: readonly Readonly<Record<string, unknown>>[];
}

/** Responds with a list: who signed each bundle, or `rejected`, or another error. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { bundles, ...options }: BundlesToVerify = await request.json();
    return Response.json(bundles.map((bundle) => {
      try {
        return verifyBundle(bundle, options);
      } catch (error) {
        return error instanceof CandidateError ? "rejected" : `failed: ${error}`;
      }
    }));
  },
};
