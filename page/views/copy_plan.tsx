/** A plan as its sums and its tree. During a copy, the same tree shows the state of each node. */
import type { ComponentChildren, JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { AdmissionVerdict } from "../../src/copy/admission.ts";
import type { Inspection, Plan, ReferrerState } from "../../src/copy/model.ts";
import type { CopyRequestInput } from "../../src/copy/request.ts";
import { count, formatBytes, formatNumber, shortDigest } from "../parts/format.ts";
import { Loading, ProblemBox } from "../parts/states.tsx";
import { State } from "../parts/text.tsx";
import { Tree } from "../parts/tree.tsx";
import { usePage } from "../context.ts";
import { useResource } from "../resource.ts";
import type { CopyRun } from "./copy_run.ts";
import { findMissing, toTree } from "./copy_tree.ts";
import type { Action, PlanNode } from "./copy_tree.ts";

/** A plan, and the request that it is for. */
export interface PlannedCopy {
  readonly plan: Plan;
  readonly request: CopyRequestInput;
}

/** The kind (a colour), the sign and the word of a state. */
type Look = readonly [kind: string, sign: string, word: string];

const PLANNED: Readonly<Record<Action, Look>> = {
  there: ["none", "✓", "there"],
  mount: ["mount", "⇄", "mount"],
  upload: ["busy", "↑", "upload"],
  put: ["busy", "↑", "put"],
  tag: ["busy", "→", "set"],
  foreign: ["none", "–", "foreign"],
  "left-out": ["none", "–", "left out"],
};

const DONE: Readonly<Record<string, Look>> = {
  sent: ["good", "✓", "sent"],
  mounted: ["good", "✓", "mounted"],
  there: ["none", "✓", "there"],
  put: ["good", "✓", "put"],
  failed: ["bad", "×", "failed"],
  stopped: ["warn", "!", "stopped"],
};

/** The sums of a plan. */
export function PlanSums({ plan }: { readonly plan: Plan }): JSX.Element {
  const { totals, result, warnings, referrerState, admission, foreign } = plan;
  const bytes = totals?.bytes;
  const all = bytes ? bytes.stream + bytes.mount + bytes.present : 0;
  return (
    <>
      <p class="lead" role="status">{describe(plan)}</p>
      {bytes && all > 0 && (
        <div class="split" aria-hidden="true">
          <span class="there" style={{ flexGrow: bytes.present }} />
          <span class="mount" style={{ flexGrow: bytes.mount }} />
          <span class="upload" style={{ flexGrow: bytes.stream }} />
        </div>
      )}
      {result === "copied" && totals && bytes && (
        <dl class="sums">
          <Sum kind="there" name="There" value={formatBytes(bytes.present)}>
            {count(totals.blobs.present, "blob")}
          </Sum>
          {totals.blobs.mount > 0 && (
            <Sum kind="mount" name="To mount" value={formatBytes(bytes.mount)}>
              {count(totals.blobs.mount, "blob")}
            </Sum>
          )}
          <Sum kind="upload" name="To send" value={formatBytes(bytes.stream)}>
            {count(totals.blobs.stream, "blob")}
          </Sum>
          <Sum name="To put" value={formatNumber(totals.manifests)}>
            {totals.manifests === 1 ? "manifest" : "manifests"}
          </Sum>
          <Sum
            name="Requests"
            value={`${formatNumber(totals.requests.source)} + ${
              formatNumber(totals.requests.destination)
            }`}
          >
            source + destination
          </Sum>
        </dl>
      )}
      <Referrers state={referrerState} isPlanned={result === "copied"} />
      {foreign.length > 0 && (
        <p>
          {count(foreign.length, "foreign layer")} stay where they are, outside of the registry.
        </p>
      )}
      {result !== "unchanged" && admission && <Verdict verdict={admission} />}
      <Warnings warnings={warnings} />
    </>
  );
}

function describe({ result, totals, current, root, additionalTags = [] }: Plan): string {
  if (result === "unchanged") {
    return "The destination already has everything. A copy writes nothing.";
  }
  if (result === "skipped") {
    return "Skipped: the destination has the tag with another digest, and the copy leaves it.";
  }
  const { stream = 0 } = totals?.bytes ?? {};
  const content = stream > 0 ? `The copy sends ${formatBytes(stream)}` : "The copy sends no blob";
  const tags = additionalTags.length > 0 ? `${additionalTags.length + 1} tags` : "the tag";
  if (current === undefined) return `${content}, then sets ${tags}.`;
  return current === root.digest
    ? `${content}. The tag already has the right digest.`
    : `${content}, then moves ${tags} from ${shortDigest(current)}.`;
}

function Sum(
  { kind, name, value, children }: {
    readonly kind?: string;
    readonly name: string;
    readonly value: string;
    readonly children: ComponentChildren;
  },
): JSX.Element {
  return (
    <div class={kind}>
      <dt>{name}</dt>
      <dd>
        <strong>{value}</strong> <small>{children}</small>
      </dd>
    </div>
  );
}

const KINDS = {
  signature: "signature",
  sbom: "SBOM",
  provenance: "provenance",
  other: "other referrer",
};

/** How many signatures and SBOMs the source has, and how many the destination lacks. */
export function Referrers(
  { state, isPlanned = false }: {
    readonly state: ReferrerState | undefined;
    /** Whether a copy is about to write those that are missing. */
    readonly isPlanned?: boolean;
  },
): JSX.Element | null {
  if (!state || state.kinds.length === 0 && !state.isPartial) return null;
  return (
    <p class="row">
      {state.kinds.map(({ kind, expected, missing, unavailable }) => (
        <State key={kind} kind={missing === 0 ? "good" : isPlanned ? "busy" : "warn"}>
          {count(expected, KINDS[kind])}
          {missing > 0 &&
            `, ${formatNumber(missing)} ${isPlanned ? "to copy" : "missing at the destination"}`}
          {unavailable > 0 && `, ${formatNumber(unavailable)} not at the source`}
        </State>
      ))}
      {state.isPartial && <State kind="warn">the source did not list all referrers</State>}
    </p>
  );
}

export function Warnings(
  { warnings }: { readonly warnings: readonly string[] },
): JSX.Element | null {
  if (warnings.length === 0) return null;
  return (
    <ul class="warnings" aria-label="Warnings">
      {warnings.map((text) => <li key={text}>{text}</li>)}
    </ul>
  );
}

/** The verdict of the admission policy, with its reasons. */
export function Verdict({ verdict }: { readonly verdict: AdmissionVerdict }): JSX.Element {
  const { result, reason, requirements, warnings } = verdict;
  return (
    <details class="verdict" open={result === "rejected"}>
      <summary>
        <State kind={result === "admitted" ? "good" : "bad"}>
          {result} by the admission policy
        </State>
      </summary>
      <p>{reason}</p>
      <ul>
        {requirements.map(({ requirement, met, candidates }) => (
          <li key={requirement}>
            {met ? "Met" : "Not met"}: {requirement}
            <ul>
              {candidates.map(({ name, accepted, reason }) => (
                <li key={name}>
                  <code>{name}</code>: {accepted ? "accepted" : "rejected"}, {reason}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
      <Warnings warnings={warnings} />
    </details>
  );
}

/** An image with more layers is closed at first. */
const MAX_OPEN = 20;

/** The tree of a plan. */
export function PlanTree(
  { planned: { plan, request }, run }: {
    readonly planned: PlannedCopy;
    readonly run?: CopyRun | undefined;
  },
): JSX.Element {
  const { api } = usePage();
  const missing = useMemo(() => findMissing(plan), [plan]);
  const inspected = useResource(
    missing,
    (signal) => api.call<Inspection>("v1/images", { query: { reference: missing }, signal }),
  );
  const nodes = useMemo(
    () => toTree(plan, request, inspected.value),
    [plan, request, inspected.value],
  );
  const largest = useMemo(
    () => Math.max(1, ...(nodes[0]?.blobs ?? []).map(({ size }) => size)),
    [nodes],
  );
  return (
    <>
      {missing !== undefined && inspected.isLoading && <Loading what="the rest of the tree" />}
      {!run && plan.result === "copied" && (
        <p class="quiet">
          <b>there</b>: the destination has it.{" "}
          <b>mount</b>: its registry has it in another repository.{" "}
          <b>upload</b>: sent from the source.{" "}
          <b>put</b>: a manifest, written after all that it names.{" "}
          <b>set</b>: the tag, which comes last.
        </p>
      )}
      {inspected.problem && (
        <ProblemBox problem={inspected.problem} onRetry={inspected.reload}>
          <p>The tree shows only what the plan has.</p>
        </ProblemBox>
      )}
      <Tree
        // A tree with more content unfolds anew.
        key={`${plan.root.digest} ${inspected.value !== undefined}`}
        items={nodes}
        label="What the copy does"
        row={(node) => <Row node={node} run={run} largest={largest} />}
        childrenOf={({ children }) => children}
        isOpen={({ kind, blobs = [], children }, depth) =>
          depth === 0 ||
          // What moves is what people look for.
          kind !== "artifact" && blobs.some(({ action }) => action !== "there") &&
            (children?.().length ?? 0) <= MAX_OPEN}
      />
    </>
  );
}

function Row(
  { node, run, largest }: {
    readonly node: PlanNode;
    readonly run: CopyRun | undefined;
    readonly largest: number;
  },
): JSX.Element {
  const { kind, label, detail, digest, size, isShared, blobs } = node;
  const [look, sign, word] = lookOf(node, run);
  return (
    <>
      <span class={`what ${kind}`}>
        <span class="label">{kind === "tag" ? `Tag ${label}` : label}</span>{" "}
        {detail && (
          <small class="detail">
            {kind === "layer" || kind === "config" ? shortType(detail) : detail}
          </small>
        )}
        {isShared && (
          <>
            {" "}
            <small>shared</small>
          </>
        )}
      </span>
      <code title={digest}>{digest && shortDigest(digest)}</code>
      {blobs ? <Sent blobs={blobs} run={run} /> : <Bar node={node} run={run} largest={largest} />}
      <span class="size">{size > 0 && formatBytes(size)}</span>
      <span class={`state ${look}`}>
        <span aria-hidden="true">{sign}</span> {word}
      </span>
    </>
  );
}

/** The size of a blob against the largest one, filled as far as it is sent. */
function Bar(
  { node: { kind, size, key, action }, run, largest }: {
    readonly node: PlanNode;
    readonly run: CopyRun | undefined;
    readonly largest: number;
  },
): JSX.Element {
  if (kind !== "layer" && kind !== "config") return <span class="bar" />;
  const { state, bytes = 0 } = run?.steps.get(key) ?? {};
  const filled = !run || action === "there" || state === "sent" || state === "mounted" ||
      state === "there"
    ? 1
    : size > 0
    ? bytes / size
    : 0;
  return (
    <span class={`bar ${action}`} aria-hidden="true">
      <span style={{ width: `${Math.max(1, size / largest * 100)}%` }}>
        <span style={{ width: `${filled * 100}%` }} />
      </span>
    </span>
  );
}

/** What is left to send beneath a manifest. */
function Sent(
  { blobs, run }: {
    readonly blobs: NonNullable<PlanNode["blobs"]>;
    readonly run: CopyRun | undefined;
  },
): JSX.Element {
  let total = 0;
  let sent = 0;
  let isMounted = false;
  for (const { digest, size, action } of blobs) {
    if (action === "mount") isMounted = true;
    if (action !== "upload") continue;
    const { state, bytes = 0 } = run?.steps.get(digest) ?? {};
    total += size;
    sent += state && DONE[state]?.[0] !== "bad" && state !== "stopped" && state !== "sending"
      ? size
      : bytes;
  }
  const text = total > 0
    ? run ? `${formatBytes(sent)} of ${formatBytes(total)}` : `${formatBytes(total)} to send`
    : isMounted
    ? "nothing to send"
    : "";
  return <small class="bar">{text}</small>;
}

function lookOf({ key, action, kind, size }: PlanNode, run: CopyRun | undefined): Look {
  const planned = PLANNED[action];
  if (kind === "group") return ["none", "…", "see below"];
  if (!run || action === "there" || action === "foreign" || action === "left-out") return planned;
  const step = run.steps.get(key);
  if (!step) return run.state === "running" ? ["none", "…", "waiting"] : ["none", "–", "not done"];
  if (step.state === "sending") {
    return [
      "busy",
      "↑",
      size > 0 && step.bytes > 0 ? `${Math.floor(step.bytes / size * 100)} %` : "started",
    ];
  }
  const done = DONE[step.state] ?? planned;
  return kind === "tag" && step.state === "put" ? [done[0], done[1], "set"] : done;
}

/** `tar+gzip` of `application/vnd.oci.image.layer.v1.tar+gzip` */
function shortType(mediaType: string): string {
  const [, short] = /\b(tar(?:\.|\+)?\w*|diff\.tar\.\w+)$/.exec(mediaType) ?? [];
  if (short) return short.replace("diff.", "").replace("tar.", "tar+");
  return /config\.v1\+json|container\.image\.v1\+json/.test(mediaType) ? "" : mediaType;
}
