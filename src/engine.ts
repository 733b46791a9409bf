/**
 * crossdock's table of contents: a request becomes a plan, a plan is run step by step, and a report says what was done.
 * Here alone a registry's repositories (`registry/`) meet the copy (`copy/`).
 */
import { noCredentials } from "./auth/credentials.ts";
import { carryManifests } from "./copy/carry_manifests.ts";
import { imageNotFound } from "./copy/image_not_found.ts";
import { inspectImage } from "./copy/inspect.ts";
import type { PerformContext } from "./copy/perform_context.ts";
import type { Emit, Inspection, Performed, Plan, Report, Verification } from "./copy/model.ts";
import { makePlan } from "./copy/plan.ts";
import type { Planned } from "./copy/plan.ts";
import { countRequests } from "./copy/repositories.ts";
import type { Repositories } from "./copy/repositories.ts";
import { parseCopyRequest } from "./copy/request.ts";
import type { CopyRequest, CopyRequestInput } from "./copy/request.ts";
import { parseStep } from "./copy/step.ts";
import type { Step } from "./copy/step.ts";
import { surveyPlan } from "./copy/survey.ts";
import { verifyCopy } from "./copy/verify.ts";
import {
  formatReference,
  parseReference,
  parseRegistry,
  parseRepository,
  withDefaultTag,
} from "./oci/reference.ts";
import { checkAccess } from "./registry/check_access.ts";
import type { AccessCheck } from "./registry/check_access.ts";
import type { OpenOptions } from "./sides.ts";
import { createCopier } from "./copier.ts";
import type { Copier, EngineOptions } from "./copier.ts";

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

/** An engine that works in this process. */
export interface LocalEngine extends Engine {
  copy(request: CopyRequestInput, options?: CopyOptions): Promise<Report>;
}

/**
 * Joins registries to the copy. One engine keeps its tokens and what it learnt of registries in memory; it holds no other
 * state, so that any number of them may work side by side.
 *
 * @throws RangeError for an option out of its range
 */
export function createEngine(options: EngineOptions): LocalEngine {
  return engineOn(createCopier(options), options.source?.credentials);
}

/** The engine of a copier that others share. */
export function engineOn(copier: Copier, sourceCredentials = noCredentials): LocalEngine {
  const { runtime, sides, concurrency, retries, timeoutMs } = copier;

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
      return await copier.run({ request, ...repositories, plan, signal, emit, approve });
    },

    tags(text, { signal, emit } = {}): AsyncIterable<string[]> {
      const source = sides.open("source", parseRepository(text), { emit });
      return source.listTags({ signal });
    },

    async perform(value, { signal, emit } = {}): Promise<Performed> {
      const step = parseStep(value);
      const destination = parseRepository(step.destination);
      const target = sides.open("destination", destination, { emit });
      // What a destination keeps of referrers is written without a look at the source.
      const source = step.type === "referrers"
        ? target
        : sides.open("source", parseRepository(step.source), { emit });
      const context: PerformContext = { source, target, runtime, retries, timeoutMs, emit, signal };
      const outcome = await copier.perform(step, context);
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
      const client = sides.client("source", registry);
      return await checkAccess(client, sourceCredentials, repository, { signal });
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
