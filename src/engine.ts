/**
 * crossdock's table of contents: a request becomes a plan, a plan is run step by step, and a report says what was done.
 * Here alone a registry's repositories (`registry/`) meet the copy (`copy/`).
 */
import { noCredentials } from "./auth/credentials.ts";
import { createBatch, createListing } from "./batch.ts";
import type { Batch, BatchCopy, BatchOptions, Listing } from "./batch.ts";
import { carryManifests } from "./copy/carry_manifests.ts";
import { imageNotFound } from "./copy/image_not_found.ts";
import { inspectImage } from "./copy/inspect.ts";
import type { Inspection } from "./copy/inspect.ts";
import { performStep } from "./copy/perform.ts";
import type { Outcome, PerformContext } from "./copy/perform.ts";
import { makePlan } from "./copy/plan.ts";
import type { Plan, Planned } from "./copy/plan.ts";
import { makeReport } from "./copy/report.ts";
import type { Report } from "./copy/report.ts";
import { countRequests, pickRepositories } from "./copy/repositories.ts";
import type { Repositories } from "./copy/repositories.ts";
import { parseCopyRequest } from "./copy/request.ts";
import type { CopyRequest, CopyRequestInput } from "./copy/request.ts";
import { runPlan } from "./copy/run.ts";
import { parseStep } from "./copy/step.ts";
import type { Step } from "./copy/step.ts";
import { surveyPlan } from "./copy/survey.ts";
import { verifyCopy } from "./copy/verify.ts";
import type { Verification } from "./copy/verify.ts";
import type { Emit } from "./events.ts";
import {
  formatReference,
  parseReference,
  parseRegistry,
  parseRepository,
  withDefaultTag,
} from "./oci/reference.ts";
import { checkAccess } from "./registry/check_access.ts";
import type { AccessCheck } from "./registry/check_access.ts";
import type { Guard, Pace } from "./registry/client.ts";
import type { Runtime } from "./runtime.ts";
import { openSides } from "./sides.ts";
import type { EngineMemory, OpenOptions, SideOptions } from "./sides.ts";
import { noTrace } from "./trace.ts";
import type { Trace } from "./trace.ts";

export interface EngineOptions {
  readonly runtime: Runtime;
  readonly source?: SideOptions;
  readonly destination?: SideOptions;
  /** Blobs at once. Default 16, at most 256. */
  readonly concurrency?: number;
  /** How often a request or an upload is tried again. Default 4, at most 20. */
  readonly retries?: number;
  /** Longest silence, in milliseconds. Default 60 000. */
  readonly timeoutMs?: number;
  /** Asked before every request whether it may go there. Default: everywhere. */
  readonly guard?: Guard;
  /** Holds requests to a registry back. Default: none is. */
  readonly pace?: Pace;
  /** Default: no spans. */
  readonly trace?: Trace;
  /**
   * Where tokens and what was learnt of registries are kept. One that is handed to several engines spares them the asking;
   * their credentials have to be the same. Default: the engine's own.
   */
  readonly memory?: EngineMemory;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly emit?: Emit;
}

export interface PlanOptions extends RunOptions {
  /** Whether the destination is asked for each blob, so that totals are known. Default: true. */
  readonly survey?: boolean;
  /** Whether steps carry the manifests that the plan has read, up to 4 MiB, so that they are not read again. Default: false. */
  readonly manifests?: boolean;
}

export interface CopyOptions extends RunOptions {
  /** Told of the plan before its first step; what it throws ends the copy. */
  readonly approve?: ((plan: Plan) => void) | undefined;
}

/** What a step came to, and the requests to each side that it took, tokens aside. */
export type Performed = Outcome & {
  readonly requests: { readonly source: number; readonly destination: number };
};

export interface Engine {
  /** Says what a copy would do: writes nothing. */
  plan(request: CopyRequestInput, options?: PlanOptions): Promise<Plan>;
  /** Copies, and reports. The tag moves last. */
  copy(request: CopyRequestInput, options?: RunOptions): Promise<Report>;
  /**
   * What a name means now: `registry/repository[:tag]@digest`, by a HEAD. Uses the source side's options.
   *
   * @throws CrossdockError `not_found`
   */
  resolve(reference: string, options?: RunOptions): Promise<string>;
  /** Performs one step of a plan, from wherever it comes. The only way in which anything is written. */
  perform(step: Step, options?: RunOptions): Promise<Performed>;
  /** Shows an image: its manifests, platforms, config, layers, and what refers to it. Uses the source side's options. */
  inspect(reference: string, options?: RunOptions): Promise<Inspection>;
  /** Lists tags, page by page. Uses the source side's options. */
  tags(repository: string, options?: RunOptions): AsyncIterable<string[]>;
  /** Compares two images to the last blob, moving none. */
  verify(
    source: string,
    destination: string,
    options?:
      & RunOptions
      & Pick<
        CopyRequestInput,
        "referrers" | "referrerSource" | "referrerDestination" | "digestTags" | "platforms"
      >,
  ): Promise<Verification>;
  /** Tries a registry (and a repository, where one is named) with the credentials found for it. Uses the source side's options. */
  checkAccess(name: string, options?: RunOptions): Promise<AccessCheck>;
}

/** An engine that works here: it can also do what rules need, and what a server does by itself. */
export interface LocalEngine extends Engine, Omit<Listing, "tags"> {
  copy(request: CopyRequestInput, options?: CopyOptions): Promise<Report>;
  /** Begins a batch of copies. It ends by itself: all that it holds is in memory. */
  batch(options?: BatchOptions): Batch;
}

const DEFAULT_CONCURRENCY = 16;
const DEFAULT_RETRIES = 4;
const DEFAULT_TIMEOUT_MS = 60_000;

/**
 * Joins registries to the copy. One engine keeps its tokens and what it learnt of registries in memory; it holds no other
 * state, so that any number of them may work side by side.
 *
 * @throws RangeError for an option out of its range
 */
export function createEngine(options: EngineOptions): LocalEngine {
  const concurrency = checkRange("concurrency", options.concurrency ?? DEFAULT_CONCURRENCY, 1, 256);
  const retries = checkRange("retries", options.retries ?? DEFAULT_RETRIES, 0, 20);
  const timeoutMs = checkRange(
    "timeoutMs",
    options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    1,
    24 * 60 * 60 * 1000,
  );
  const { runtime, trace = noTrace } = options;
  const sides = openSides({ ...options, retries, timeoutMs });
  function performTraced(step: Step, context: PerformContext): Promise<Outcome> {
    const attributes = {
      "crossdock.step": step.type,
      "crossdock.destination": step.destination,
      "crossdock.digest": step.type === "referrers" ? step.subject : step.descriptor.digest,
    };
    return trace("step", attributes, async (span) => {
      const outcome = await performStep(step, context);
      span.set("crossdock.state", outcome.state);
      if (outcome.type === "blob") span.set("crossdock.bytes", outcome.bytes);
      return outcome;
    });
  }

  /** Plans, performs and reports. */
  async function run(copy: BatchCopy, approve?: CopyOptions["approve"]): Promise<Report> {
    const { request, signal, emit, onOutcome } = copy;
    const attributes = {
      "crossdock.source": formatReference(request.source),
      "crossdock.destination": formatReference(request.destination),
    };
    return await trace("copy", attributes, async (span) => {
      const startedAt = runtime.now();
      const { plan, manifests } = await copy.plan();
      approve?.(plan);
      emit?.({ type: "plan", plan });
      const context = { runtime, retries, timeoutMs, manifests, emit };
      const perform = async (step: Step, stepSignal: AbortSignal): Promise<Outcome> => {
        const repositories = pickRepositories(step, copy);
        const own = { ...context, ...repositories, signal: stepSignal };
        const outcome = await performTraced(step, own);
        onOutcome?.(step, outcome);
        return outcome;
      };
      const outcomes = await runPlan(plan, perform, { concurrency, emit, signal });
      const durationMs = runtime.now() - startedAt;
      const report = makeReport(plan, outcomes, countRequests(copy), durationMs);
      emit?.({ type: "report", report });
      span.set("crossdock.result", report.result);
      span.set("crossdock.digest", report.digest);
      return report;
    });
  }

  function openAll(request: CopyRequest, options: OpenOptions): Repositories {
    const { source, destination, referrerSource, referrerDestination } = request;
    return {
      source: sides.open("source", source, options),
      target: sides.open("destination", destination, options),
      elsewhere: {
        source: referrerSource && sides.open("source", referrerSource, options),
        target: referrerDestination && sides.open("destination", referrerDestination, options),
      },
    };
  }

  return {
    ...createListing(sides),

    async plan(
      input,
      { signal, emit, survey = true, manifests: isCarrying = false } = {},
    ): Promise<Plan> {
      const request = parseCopyRequest(input);
      const repositories = openAll(request, { emit });
      const planned = await makePlan(request, repositories, { signal, warn: toWarn(emit) });
      const made = isCarrying ? carryManifests(planned.plan, planned.manifests) : planned.plan;
      const plan = { ...made, requests: countRequests(repositories) };
      if (!survey) return plan;
      return await surveyPlan(plan, repositories, { concurrency, signal });
    },

    async copy(input, { signal, emit, approve } = {}): Promise<Report> {
      const request = parseCopyRequest(input);
      const repositories = openAll(request, { emit });
      const plan = (): Promise<Planned> =>
        makePlan(request, repositories, { signal, warn: toWarn(emit) });
      return await run({ request, ...repositories, plan, signal, emit }, approve);
    },

    batch: (options) => createBatch({ sides, run: (copy) => run(copy) }, options),

    async perform(value, { signal, emit } = {}): Promise<Performed> {
      const step = parseStep(value);
      const destination = parseRepository(step.destination);
      const target = sides.open("destination", destination, { emit });
      // What a destination keeps of referrers is written without a look at the source.
      const source = step.type === "referrers"
        ? target
        : sides.open("source", parseRepository(step.source), { emit });
      const context: PerformContext = { source, target, runtime, retries, timeoutMs, emit, signal };
      const outcome = await performTraced(step, context);
      const requests = {
        source: source === target ? 0 : source.requests,
        destination: target.requests,
      };
      return { ...outcome, requests };
    },

    async resolve(text, { signal, emit } = {}): Promise<string> {
      const reference = withDefaultTag(parseReference(text));
      if (reference.digest) return formatReference(reference);
      const source = sides.open("source", reference, { emit });
      const found = await source.resolveManifest(reference.tag ?? "latest", { signal });
      if (!found) throw imageNotFound(reference);
      return formatReference({ ...reference, digest: found.digest });
    },

    async inspect(text, { signal, emit } = {}): Promise<Inspection> {
      const reference = withDefaultTag(parseReference(text));
      const source = sides.open("source", reference, { emit });
      return await inspectImage(reference, source, { timeoutMs, signal });
    },

    async verify(source, destination, { signal, emit, ...rest } = {}): Promise<Verification> {
      const request = parseCopyRequest({ source, destination, ...rest });
      return await verifyCopy(request, openAll(request, { mode: "pull", emit }), { signal });
    },

    async checkAccess(name, { signal } = {}): Promise<AccessCheck> {
      const { registry, repository } = parseAccessName(name);
      const { credentials = noCredentials } = options.source ?? {};
      return await checkAccess(sides.client("source", registry), credentials, repository, {
        signal,
      });
    },
  };
}

/** `ghcr.io` or `ghcr.io/org/app`. A lone word is a registry here, not a repository of Docker Hub. */
function parseAccessName(name: string): { registry: string; repository: string | undefined } {
  const text = name.replace(/^docker:\/\//, "").replace(/\/$/, "");
  if (text.includes("/")) return parseRepository(text);
  return { registry: parseRegistry(text), repository: undefined };
}

function toWarn(emit: Emit | undefined): (message: string) => void {
  return (message) => emit?.({ type: "warning", message });
}

function checkRange(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} is ${value}, not a whole number from ${least} to ${most}`);
}
