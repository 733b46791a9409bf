import type { AdmissionCheck, AdmissionVerdict } from "../copy/admission.ts";
import { askSelf } from "../durable/ask_self.ts";
import { CopyFailure } from "../durable/copy_failure.ts";
import { CrossdockError } from "../errors.ts";
import type { SelfBinding } from "./workflow_steps.ts";

/**
 * Checks images by a second Worker, behind a service binding: signatures are verified with modules of Node, which the main Worker
 * does not have. Without an answer, the copy fails.
 */
export function createBoundAdmission(admission: SelfBinding): AdmissionCheck {
  return {
    async check(image, { referrerSource, signal }): Promise<AdmissionVerdict> {
      const post = (path: string, body: unknown): Promise<Response> =>
        admission.fetch(new URL(path, "https://crossdock.internal"), {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
          signal: signal ?? null,
        });
      try {
        const body = { reference: image, referrerSource: referrerSource?.name };
        return await askSelf<AdmissionVerdict>({ post }, "/v1/admissions", body);
      } catch (cause) {
        signal?.throwIfAborted();
        if (!(cause instanceof CopyFailure)) throw cause;
        const { code, detail, ...problem } = cause.problem;
        const side = "source";
        throw new CrossdockError(code === "internal" ? "rejected" : code, detail, {
          ...problem,
          cause,
          side,
        });
      }
    },
  };
}
