/**
 * The public engine: each call parses what it is given, opens repositories and hands over to `copy/`. `copier.ts` holds what the
 * calls share.
 */
import { createCopier } from "./copier.ts";
import type { Copier, EngineOptions } from "./copier.ts";
import { imageNotFound } from "./copy/copy_error.ts";
import { inspectImage } from "./copy/inspect.ts";

import { carryManifests } from "./copy/manifest_cache.ts";
import type { Emit, Inspection, Performed, Plan, Report, Verification } from "./copy/model.ts";
import { makePlan } from "./copy/plan.ts";
import type { Planned } from "./copy/plan.ts";
import { countRequests } from "./copy/repositories.ts";
import { parseCopyRequest } from "./copy/request.ts";
import type { ComparisonInput, CopyRequest, CopyRequestInput } from "./copy/request.ts";
import { parseStep } from "./copy/step.ts";
import type { Step } from "./copy/step.ts";
import { surveyPlan } from "./copy/survey.ts";
import { verifyCopy } from "./copy/verify.ts";
import {
  formatReference,
  parseReference,
  parseRepository,
  withDefaultTag,
} from "./oci/reference.ts";
import { checkAccess, parseAccessName } from "./registry/check_access.ts";
import type { AccessCheck } from "./registry/check_access.ts";

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
  /** Called with the plan before its first step; an error that it throws ends the copy. */
  readonly approve?: ((plan: Plan) => void) | undefined;
}

/** Copies and shows images, in this process or at a server. A request may be parsed already: `parseCopyRequest`. */
export interface Engine {
  /** Says what a copy would do: writes nothing. */
  plan(request: CopyRequestInput | CopyRequest, options?: PlanOptions): Promise<Plan>;
  /** Copies, and reports. The tag moves last. */
  copy(request: CopyRequestInput | CopyRequest, options?: RunOptions): Promise<Report>;
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
  /** Compares a copy with its source to the last blob and moves none. Takes the options that the copy was made with. */
  verify(request: ComparisonInput | CopyRequest, options?: RunOptions): Promise<Verification>;
}

/** An engine that works in this process. */
export interface LocalEngine extends Engine {
  copy(request: CopyRequestInput | CopyRequest, options?: CopyOptions): Promise<Report>;
  /** Tries a registry (and a repository, where one is named) with the credentials found for it. Uses the source side's options. */
  checkAccess(name: string, options?: RunOptions): Promise<AccessCheck>;
}

/**
 * Makes an engine for this process. It keeps its tokens and what it learnt of registries in memory; it holds no other state, so
 * that any number of them may work side by side.
 *
 * @throws RangeError for an option out of its range
 */
export function createEngine(options: EngineOptions): LocalEngine {
  return engineOn(createCopier(options));
}

/** Makes an engine of a copier that others share. */
export function engineOn(copier: Copier): LocalEngine {
  const { sides, runtime, concurrency, retries, timeoutMs } = copier;

  return {
    async plan(input, { signal, emit, survey = true, manifests = false } = {}): Promise<Plan> {
      const request = parseCopyRequest(input);
      const repositories = sides.openCopy(request, { emit });
      const planned = await makePlan(request, repositories, { signal, warn: toWarn(emit) });
      const made = manifests ? carryManifests(planned.plan, planned.manifests) : planned.plan;
      const plan = { ...made, requests: countRequests(repositories) };
      return survey ? await surveyPlan(plan, repositories, { concurrency, signal }) : plan;
    },

    async copy(input, { signal, emit, approve } = {}): Promise<Report> {
      const request = parseCopyRequest(input);
      const repositories = sides.openCopy(request, { emit });
      const plan = (): Promise<Planned> =>
        makePlan(request, repositories, { signal, warn: toWarn(emit) });
      return await copier.run({ request, ...repositories, plan, signal, emit, approve });
    },

    async perform(value, { signal, emit } = {}): Promise<Performed> {
      const step = parseStep(value);
      const target = sides.open("destination", parseRepository(step.destination), { emit });
      // A list of referrers is written without reading the source.
      const source = step.type === "referrers"
        ? target
        : sides.open("source", parseRepository(step.source), { emit });
      const context = { source, target, runtime, retries, timeoutMs, emit, signal };
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

    tags(text, { signal, emit } = {}): AsyncIterable<string[]> {
      return sides.open("source", parseRepository(text), { emit }).listTags({ signal });
    },

    async verify(input, { signal, emit } = {}): Promise<Verification> {
      const request = parseCopyRequest(input);
      const repositories = sides.openCopy(request, { mode: "pull", emit });
      return await verifyCopy(request, repositories, { signal });
    },

    async checkAccess(name, { signal } = {}): Promise<AccessCheck> {
      const { registry, repository } = parseAccessName(name);
      return await checkAccess(sides.client("source", registry), repository, { signal });
    },
  };
}

function toWarn(emit: Emit | undefined): (message: string) => void {
  return (message) => emit?.({ type: "warning", message });
}
