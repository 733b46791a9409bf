import type { JSX } from "preact";
import type { Difference, Verification } from "../../src/copy/model.ts";
import { usePage } from "../context.ts";
import { LongText, usePart } from "../parts/cut.tsx";
import { Fact } from "../parts/facts.tsx";
import { count, formatNumber } from "../parts/format.ts";
import { Loading, ProblemBox } from "../parts/states.tsx";
import { Digest, State } from "../parts/text.tsx";
import type { Kind } from "../parts/text.tsx";
import { useResource } from "../resource.ts";
import { toLink } from "../route.ts";
import { shortTag } from "./manifests.ts";

const STATES: Readonly<Record<Verification["state"], readonly [Kind, string, string]>> = {
  equal: ["good", "equal", "The second image has everything that the first one has."],
  incomplete: [
    "warn",
    "incomplete",
    "The second image is there, but lacks signatures or other referrers of the first one.",
  ],
  different: ["bad", "different", "The second image lacks content of the first one, or has other."],
};

/** Whether an image is a complete copy of another one. */
export function Comparison(
  { source, destination }: { readonly source: string; readonly destination: string },
): JSX.Element {
  const { api, mayCopy } = usePage();
  const { value, problem, reload } = useResource(
    `verification ${source} ${destination}`,
    (signal) =>
      api.call<Verification>("v1/verifications", { body: { source, destination }, signal }),
  );
  return (
    <section>
      <h2>Comparison</h2>
      {problem && <ProblemBox problem={problem} onRetry={reload} />}
      {!problem && !value && <Loading what="both images" />}
      {value && <Result {...value} />}
      <p class="row">
        {mayCopy && value && !value.equal && (
          <a href={toLink("copy", { query: { source, destination } })}>
            Copy the first over the second
          </a>
        )}
        <a href={toLink("inspect", { query: { reference: destination, with: source } })}>
          Compare the other way round
        </a>
      </p>
    </section>
  );
}

function Result(
  { source, destination, state, referrerState, differences, checked }: Verification,
): JSX.Element {
  const [kind, name, sentence] = STATES[state];
  const { shown, more } = usePart(differences, { size: 10 });
  return (
    <>
      <p>
        <State kind={kind}>{name}</State> {sentence}
      </p>
      <dl class="pairs">
        <Fact name="First">
          <code>{source}</code>
        </Fact>
        <Fact name="Second">
          <code>{destination}</code>
        </Fact>
        <Fact name="Compared">
          {count(checked.manifests, "manifest")}, {count(checked.blobs, "blob")},{" "}
          {count(checked.referrers, "referrer")}
        </Fact>
        {referrerState?.kinds.map(({ kind, expected, missing, unavailable }) => (
          <Fact key={kind} name={KINDS[kind] ?? kind}>
            <State kind={missing > 0 ? "warn" : "good"}>
              {formatNumber(expected - missing)} of {formatNumber(expected)}
            </State>
            {unavailable > 0 && ` ${formatNumber(unavailable)} missing at the first image, too`}
          </Fact>
        ))}
      </dl>
      {referrerState?.isPartial && (
        <p class="quiet">The first registry did not list all referrers, so some may be missing.</p>
      )}
      {shown.length > 0 && (
        <div class="scroll">
          <table class="differences">
            <caption>{count(differences.length, "difference")}</caption>
            <thead>
              <tr>
                <th scope="col">Content</th>
                <th scope="col">Second image</th>
                <th scope="col">Name</th>
                <th scope="col">Wanted</th>
                <th scope="col">Found</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((difference) => <Row key={difference.what} {...difference} />)}
            </tbody>
          </table>
        </div>
      )}
      {more}
    </>
  );
}

const KINDS: Readonly<Record<string, string>> = {
  signature: "Signatures",
  sbom: "SBOMs",
  provenance: "Provenance",
  other: "Other referrers",
};

function Row({ kind, what, referrerKind, state, wanted, found }: Difference): JSX.Element {
  return (
    <tr>
      <td>{kind}{referrerKind && ` (${referrerKind})`}</td>
      <td>
        <State kind="bad">{state}</State>
      </td>
      <td>
        {/^[a-z0-9]+:[0-9a-f]{32,}$/.test(what)
          ? <Digest digest={what} />
          : <LongText text={shortTag(what)} />}
      </td>
      <td>{wanted && wanted !== what ? <Digest digest={wanted} /> : "–"}</td>
      <td>{found ? <Digest digest={found} /> : "–"}</td>
    </tr>
  );
}
