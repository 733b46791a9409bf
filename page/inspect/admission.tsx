import type { JSX } from "preact";
import type { AdmissionVerdict, ManifestVerdict } from "../../src/copy/admission.ts";
import { CallError } from "../api.ts";
import { usePage } from "../context.ts";
import { LongText, usePart } from "../parts/cut.tsx";
import { count } from "../parts/format.ts";
import { ProblemBox } from "../parts/states.tsx";
import { Verdict } from "../parts/verdict.tsx";
import { Digest, State } from "../parts/text.tsx";
import { useResource } from "../resource.ts";

/** The verdict of the server's admission policy. Nothing, if it has none. */
export function Admission({ reference }: { readonly reference: string }): JSX.Element | null {
  const { api } = usePage();
  const { value, problem, reload } = useResource(
    `admission ${reference}`,
    (signal) =>
      api.call<AdmissionVerdict>("v1/admissions", { body: { reference }, signal }).catch(
        (error) => {
          if (error instanceof CallError && error.problem.status === 404) return undefined;
          throw error;
        },
      ),
  );
  if (problem) {
    return (
      <section>
        <h2>Admission policy</h2>
        <ProblemBox problem={problem} onRetry={reload} />
      </section>
    );
  }
  if (!value) return null;
  const { images, children = [], warnings, trustRoot } = value;
  return (
    <section>
      <h2>Admission policy</h2>
      <Verdict {...value} />
      {images && (
        <p class="quiet">
          By the policy for <code>{images}</code>
          {trustRoot && `. Trust root: ${trustRoot}`}
        </p>
      )}
      {warnings.map((warning) => (
        <p key={warning}>
          <State kind="warn">warning</State> <LongText text={warning} />
        </p>
      ))}
      {children.length > 0 && <Children verdicts={children} />}
    </section>
  );
}

function Children({ verdicts }: { readonly verdicts: readonly ManifestVerdict[] }): JSX.Element {
  const { shown, more } = usePart(verdicts);
  return (
    <details>
      <summary>{count(verdicts.length, "verdict")} about the manifests of the index</summary>
      {shown.map((verdict) => (
        <div key={verdict.digest}>
          <h3>
            <Digest digest={verdict.digest} />
          </h3>
          <Verdict {...verdict} />
        </div>
      ))}
      {more}
    </details>
  );
}
