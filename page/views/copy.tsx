/** Plans a copy, runs it, and shows it as it moves. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { CopyRequestInput } from "../../src/copy/request.ts";
import type { Plan } from "../../src/copy/model.ts";
import type { Problem } from "../../src/problem.ts";
import { problemOf } from "../api.ts";
import { usePage } from "../context.ts";
import { useLeaveQuestion } from "../leave.ts";
import { CodeBlock } from "../parts/text.tsx";
import { readName } from "../parts/reference_name.ts";
import { Empty, Loading, ProblemBox } from "../parts/states.tsx";
import { replaceQuery, useRoute } from "../route.ts";
import { useDurableCopy } from "./copy_durable.ts";
import { NameFields, OptionFields } from "./copy_form.tsx";
import type { FieldProblems } from "./copy_form.tsx";
import { isRejected, isWriting, Legend, PlanSums, PlanTree } from "./copy_plan.tsx";
import type { PlannedCopy } from "./copy_plan.tsx";
import { toCrossdockCommand, toCurlCommand, toForm, toRequest } from "./copy_request.ts";
import type { CopyForm } from "./copy_request.ts";
import { DurableStatus, ReportBox, RunStatus } from "./copy_status.tsx";
import { useCopyRun } from "./copy_run.ts";

export function CopyView(): JSX.Element {
  const { api, setup, mayCopy } = usePage();
  const [form, setForm] = useFormInRoute();
  const planner = usePlanner();
  const { planned } = planner;
  const runner = useCopyRun(api);
  const { run } = runner;
  const durable = useDurableCopy();
  const [isDetached, setDetached] = useState(setup.host.durableCopies);
  const isRunning = run?.state === "running";
  // The server aborts a streamed copy with its connection.
  useLeaveQuestion(isRunning ? "The copy stops when you leave this view. Leave?" : undefined);

  const request = toRequest(form);
  const isComplete = readName(request.source) && readName(request.destination);
  const isStale = JSON.stringify(request) !== planner.key;
  const fields = isStale ? {} : toFieldProblems(planner.problem);
  const isBusy = isRunning || durable.isRunning;

  function start(): void {
    if (!planned) return;
    // Exactly the image of the plan, even if its tag moves in between.
    const pinned = { ...planned.request, source: planned.plan.source };
    if (isDetached) durable.start(pinned);
    else runner.start(pinned);
  }

  const report = run?.report ?? durable.copy?.report;
  return (
    <div class="copy-view">
      <h1>Copy</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          runner.reset();
          durable.forget();
          planner.plan(request);
        }}
      >
        <fieldset disabled={isBusy}>
          <legend class="hidden">What to copy</legend>
          <NameFields form={form} onChange={setForm} problems={fields} report={report} />
          <OptionFields form={form} onChange={setForm} problems={fields} />
          <p class="row">
            <button type="submit" class={planned && !isStale ? "" : "main"} disabled={!isComplete}>
              {planned ? "Plan again" : "Plan"}
            </button>
            <small>A plan reads both registries and writes nothing.</small>
          </p>
        </fieldset>
      </form>
      {isComplete && <Commands form={form} isDetached={isDetached} />}
      {planner.isLoading && <Loading what="the plan" />}
      {planner.problem && (
        <ProblemBox
          problem={planner.problem}
          onRetry={() => planner.plan(request)}
        />
      )}
      {!planned && !planner.isLoading && !planner.problem && !durable.id && (
        <Empty title="No plan yet">
          <p>
            A plan shows the image as a tree: what the destination has, and what a copy would send.
          </p>
        </Empty>
      )}
      {run && <RunStatus run={run} planned={planned} onCancel={runner.cancel} onRetry={start} />}
      {durable.id && (
        <DurableStatus durable={durable} {...(planned && mayCopy ? { onRetry: start } : {})} />
      )}
      {durable.startProblem && <ProblemBox problem={durable.startProblem} />}
      {report && <ReportBox report={report} />}
      {planned && isStale && (
        <p class="note" role="status">The form has changed since the plan. Plan again.</p>
      )}
      {planned && (run || !isStale) && durable.copy?.state !== "complete" && (
        <section aria-label="Plan">
          <h2>{run ? "Content" : "Plan"}</h2>
          {!run && !durable.id && (
            <>
              <PlanSums plan={planned.plan} />
              <StartBar
                plan={planned.plan}
                mayCopy={mayCopy}
                isDetached={isDetached}
                {...(setup.host.durableCopies ? { onDetach: setDetached } : {})}
                onStart={start}
              />
              {isWriting(planned.plan) && <Legend />}
            </>
          )}
          {!isRejected(planned.plan) && <PlanTree planned={planned} run={run} />}
        </section>
      )}
    </div>
  );
}

/** The form. The query of the route follows it, so that a link reproduces it. */
function useFormInRoute(): [CopyForm, (form: CopyForm) => void] {
  const text = useRoute().query.toString();
  const [form, setForm] = useState(() => toForm(new URLSearchParams(text)));
  const written = useRef(text);
  useEffect(() => {
    if (text === written.current) return;
    // Another link to this view.
    written.current = text;
    setForm(toForm(new URLSearchParams(text)));
  }, [text]);
  useEffect(() => {
    // Browsers limit how often a page changes its address.
    const timer = setTimeout(() => {
      const given = Object.entries(form).filter((entry): entry is [string, string] =>
        entry[1] !== undefined
      );
      const text = new URLSearchParams(given).toString();
      if (text === written.current) return;
      written.current = text;
      replaceQuery(form);
    }, 300);
    return () => clearTimeout(timer);
  }, [form]);
  return [form, setForm];
}

interface Planner {
  /** The request that was planned last, as JSON. */
  readonly key: string | undefined;
  readonly planned: PlannedCopy | undefined;
  readonly problem: Problem | undefined;
  readonly isLoading: boolean;
  readonly plan: (request: CopyRequestInput) => void;
}

function usePlanner(): Planner {
  const { api } = usePage();
  const [state, setState] = useState<Pick<Planner, "isLoading"> & Partial<Planner>>({
    isLoading: false,
  });
  const controller = useRef<AbortController>(undefined);
  useEffect(() => () => controller.current?.abort(), []);
  async function plan(request: CopyRequestInput): Promise<void> {
    controller.current?.abort();
    const { signal } = controller.current = new AbortController();
    const key = JSON.stringify(request);
    setState({ key, isLoading: true });
    try {
      const query = { survey: "true", manifests: "true" };
      const plan = await api.call<Plan>("v1/plans", { query, body: request, signal });
      setState({ key, planned: { plan, request }, isLoading: false });
    } catch (error) {
      if (!signal.aborted) setState({ key, problem: problemOf(error), isLoading: false });
    }
  }
  const { key, planned, problem, isLoading } = state;
  return { key, planned, problem, isLoading, plan: (request) => void plan(request) };
}

/** The mistakes of a request by the names of its fields. */
function toFieldProblems(problem: Problem | undefined): FieldProblems {
  const found = (problem?.errors ?? []).map(({ pointer = "", detail }) => [
    pointer.split("/")[1] ?? "",
    detail,
  ]);
  return Object.fromEntries(found);
}

function StartBar(
  { plan, mayCopy, isDetached, onDetach, onStart }: {
    readonly plan: Plan;
    readonly mayCopy: boolean;
    readonly isDetached: boolean;
    /** Absent if the server has no durable copies. */
    readonly onDetach?: (isDetached: boolean) => void;
    readonly onStart: () => void;
  },
): JSX.Element | null {
  const { setup } = usePage();
  if (!isWriting(plan)) return null;
  if (!mayCopy) {
    return (
      <p class="note">
        The token <strong>{setup.caller?.token}</strong>{" "}
        may only read. To start this copy, sign in with a token of the scope{" "}
        <code>copy</code>, or give the command above to someone who has one.
      </p>
    );
  }
  return (
    <p class="row">
      <button type="button" class="main" onClick={onStart}>Start the copy</button>
      {onDetach
        ? (
          <label class="check">
            <input
              type="checkbox"
              checked={isDetached}
              onChange={() => onDetach(!isDetached)}
            />{" "}
            continues without this page
          </label>
        )
        : <small>It runs as long as this page is open.</small>}
    </p>
  );
}

function Commands(
  { form, isDetached }: { readonly form: CopyForm; readonly isDetached: boolean },
): JSX.Element {
  const { setup } = usePage();
  const options = {
    url: new URL(".", location.href.split("#")[0]).href.replace(/\/$/, ""),
    needsToken: !setup.open,
    isDurable: isDetached,
  };
  return (
    <details>
      <summary>The same as a command</summary>
      {!setup.open && (
        <p class="quiet">
          Both read the token from the variable <code>CROSSDOCK_TOKEN</code>.
        </p>
      )}
      <CodeBlock label="crossdock" text={toCrossdockCommand(form, options)} />
      <CodeBlock label="curl" text={toCurlCommand(form, options)} />
    </details>
  );
}
