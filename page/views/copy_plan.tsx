/** A plan as its sums and its tree. During a copy, the same tree shows the state of each node. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { AdmissionVerdict } from "../../src/copy/admission.ts";
import type { Inspection, Plan, PlanTotals, ReferrerState } from "../../src/copy/model.ts";
import type { CopyRequestInput } from "../../src/copy/request.ts";
import { count, formatBytes, formatNumber, shortDigest } from "../parts/format.ts";
import { Loading, ProblemBox } from "../parts/states.tsx";
import { State } from "../parts/text.tsx";
import { Tree } from "../parts/tree.tsx";
import { Verdict } from "../parts/verdict.tsx";
import { usePage } from "../context.ts";
import { useResource } from "../resource.ts";
import type { CopyRun, StepState } from "./copy_run.ts";
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

const LOOKS: Readonly<Record<Exclude<StepState["state"], "sending"> | "set", Look>> = {
  sent: ["good", "✓", "sent"],
  mounted: ["good", "✓", "mounted"],
  there: ["none", "✓", "there"],
  put: ["good", "✓", "put"],
  set: ["good", "✓", "set"],
  failed: ["bad", "×", "failed"],
  stopped: ["warn", "!", "stopped"],
};

/** The sums of a plan. */
export function PlanSums({ plan }: { readonly plan: Plan }): JSX.Element {
  const { totals, warnings, referrerState, admission, foreign } = plan;
  return (
    <>
      <p class="lead" role="status">{describe(plan)}</p>
      {isWriting(plan) && totals && <Totals totals={totals} />}
      {!isRejected(plan) && <Referrers state={referrerState} isPlanned={isWriting(plan)} />}
      {foreign.length > 0 && (
        <p>{count(foreign.length, "foreign layer")} outside of the registry: not copied.</p>
      )}
      {admission && <PlanVerdict verdict={admission} />}
      <Warnings warnings={warnings} />
    </>
  );
}

function Totals({ totals: { blobs, bytes, manifests, requests } }: {
  readonly totals: PlanTotals;
}): JSX.Element {
  const kinds = ([["present", "there", "There"], ["mount", "mount", "To mount"], [
    "stream",
    "upload",
    "To send",
  ]] as const).filter(([name]) => blobs[name] > 0);
  const sums = [
    ...kinds.map(([name, kind, title]) =>
      [title, formatBytes(bytes[name]), count(blobs[name], "blob"), kind] as const
    ),
    ["To put", formatNumber(manifests), manifests === 1 ? "manifest" : "manifests"] as const,
    [
      "Requests",
      `${formatNumber(requests.source)} + ${formatNumber(requests.destination)}`,
      "source + destination",
    ] as const,
  ];
  return (
    <>
      <div class="split" aria-hidden="true">
        {kinds.map(([name, kind]) => (
          <span key={kind} class={kind} style={{ flexGrow: bytes[name] }} />
        ))}
      </div>
      <dl class="sums">
        {sums.map(([name, value, unit, kind]) => (
          <div key={name} class={kind}>
            <dt>{name}</dt>
            <dd>
              <strong>{value}</strong> <small>{unit}</small>
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function describe(plan: Plan): string {
  const { result, totals, current, root, additionalTags = [] } = plan;
  if (isRejected(plan)) {
    return "The admission policy rejects this image, so it cannot be copied.";
  }
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
          {count(expected, kind === "sbom" ? "SBOM" : kind === "other" ? "other referrer" : kind)}
          {missing > 0 &&
            `, ${formatNumber(missing)} ${isPlanned ? "to copy" : "missing at the destination"}`}
          {unavailable > 0 && `, ${formatNumber(unavailable)} not at the source`}
        </State>
      ))}
      {state.isPartial && <State kind="warn">the source did not list all referrers</State>}
    </p>
  );
}

const MAX_WARNINGS = 100;

export function Warnings(
  { warnings }: { readonly warnings: readonly string[] },
): JSX.Element | null {
  if (warnings.length === 0) return null;
  return (
    <ul class="warnings">
      {warnings.slice(0, MAX_WARNINGS).map((text, i) => <li key={i}>{text}</li>)}
      {warnings.length > MAX_WARNINGS && (
        <li>and {formatNumber(warnings.length - MAX_WARNINGS)} more</li>
      )}
    </ul>
  );
}

/** Its warnings are among those of the plan. */
export function PlanVerdict({ verdict }: { readonly verdict: AdmissionVerdict }): JSX.Element {
  return verdict.result === "admitted"
    ? (
      <details class="verdict">
        <summary>Admitted by the admission policy</summary>
        <Verdict {...verdict} />
      </details>
    )
    : <Verdict {...verdict} />;
}

/** What the states of the tree mean, for those who see one for the first time. */
export function Legend(): JSX.Element {
  return (
    <p class="quiet">
      <b>there</b>: the destination has it. <b>mount</b>: its registry has it in another repository.
      {" "}
      <b>upload</b>: sent from the source. <b>put</b>: a manifest, written after all that it names.
      {" "}
      <b>set</b>: the tag, which comes last.
    </p>
  );
}

/** Whether a copy would write something. */
export function isWriting(plan: Plan): boolean {
  return plan.result === "copied" && !isRejected(plan);
}

export function isRejected({ admission }: Plan): boolean {
  return admission?.result === "rejected";
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
    () => (nodes[0]?.blobs ?? []).reduce((largest, { size }) => Math.max(largest, size), 1),
    [nodes],
  );
  return (
    <>
      {missing !== undefined && inspected.isLoading && <Loading what="the rest of the tree" />}
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
      <span class={`what is-${kind}`}>
        <b>{label}</b> <small>{detail} {isShared && "shared"}</small>
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
  const step = run?.steps.get(key);
  const isFull = !run || action === "there" || step?.isDone;
  return (
    <span class={`bar ${action}`} aria-hidden="true">
      <span style={{ width: `${Math.max(1, size / largest * 100)}%` }}>
        <span style={{ width: `${isFull ? 100 : (step?.bytes ?? 0) / size * 100}%` }} />
      </span>
    </span>
  );
}

/** What there is to send beneath a manifest. */
function Sent(
  { blobs, run }: {
    readonly blobs: NonNullable<PlanNode["blobs"]>;
    readonly run: CopyRun | undefined;
  },
): JSX.Element {
  let total = 0;
  let sent = 0;
  for (const { digest, size, action } of blobs) {
    if (action !== "upload") continue;
    const step = run?.steps.get(digest);
    total += size;
    sent += step?.isDone ? size : step?.bytes ?? 0;
  }
  const text = formatBytes(total);
  return (
    <small class="bar">
      {total > 0 && (run ? `${formatBytes(sent)} of ${text}` : `${text} to send`)}
    </small>
  );
}

function lookOf({ key, action, kind, size }: PlanNode, run: CopyRun | undefined): Look {
  if (kind === "group") return ["none", "…", "below"];
  const planned = PLANNED[action];
  if (!run || planned[0] === "none") return planned;
  const step = run.steps.get(key);
  if (!step) {
    if (run.state === "running") return ["none", "…", "waiting"];
    // Another copy may have been faster.
    const isThere = run.report && run.report.result !== "skipped";
    return isThere ? LOOKS.there : ["none", "–", "not done"];
  }
  if (step.state !== "sending") return LOOKS[kind === "tag" && step.isDone ? "set" : step.state];
  const { bytes } = step;
  return ["busy", "↑", bytes > 0 ? `${Math.floor(bytes / size * 100)} %` : "started"];
}
