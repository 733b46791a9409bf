import type { JSX } from "preact";
import type { ManifestVerdict } from "../../src/copy/admission.ts";
import { LongText } from "./cut.tsx";
import { Value } from "./facts.tsx";
import { State } from "./text.tsx";

/** A verdict of the admission policy, with its reasons. */
export function Verdict({ result, reason, requirements }: ManifestVerdict): JSX.Element {
  return (
    <>
      <p>
        <State kind={result === "admitted" ? "good" : "bad"}>{result}</State>{" "}
        <LongText text={reason} />
      </p>
      <ul class="reasons">
        {requirements.map(({ requirement, met, candidates }) => (
          <li key={requirement}>
            <State kind={met ? "good" : "bad"}>{met ? "met" : "not met"}</State>{" "}
            <LongText text={requirement} />
            <Value of={candidates.map(({ name, reason }) => `${reason}: ${name}`)} />
          </li>
        ))}
      </ul>
    </>
  );
}
