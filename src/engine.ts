/**
 * The public engine. Each method parses its input, opens repositories and calls `copy/`. `copier.ts` has the state that the
 * methods share.
 */
import { createCopier } from "./copier.ts";
import type { Copier, EngineOptions } from "./copier.ts";
import type { AdmissionVerdict } from "./copy/admission.ts";
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
import { CrossdockError } from "./errors.ts";
import {
  formatReference,
  parseReference,
  parseRepository,
  withDefaultTag,
} from "./oci/reference.ts";
import { checkAccess, parseAccessName } from "./registry/check_access.ts";
import type { AccessCheck } from "./registry/check_access.ts";

/** Options of every call. */
export interface RunOptions {
  /** Aborts the call, which then rejects with the reason of the signal. */
  readonly signal?: AbortSignal;
  /** Receives the events of the call. */
  readonly emit?: Emit;
}

/** Options of `plan`. */
export interface PlanOptions extends RunOptions {
  /** Checks each blob at the destination, so that the plan has totals. Default: true. */
  readonly survey?: boolean;
  /** Adds the manifests that were read, up to 4 MiB, to the steps, so that they are not read again. Default: false. */
  readonly manifests?: boolean;
}

/** Options of `copy`. */
export interface CopyOptions extends RunOptions {
  /** Called with the plan before the first step. An error that it throws aborts the copy. */
  readonly approve?: ((plan: Plan) => void) | undefined;
}

/** Options of `admit`. */
export interface AdmitOptions extends RunOptions {
  /** The repository of the image's referrers, if it is another one: `registry/repository`. */
  readonly referrerSource?: string | undefined;
}

/** Options of `resolve`. */
export interface ResolveOptions extends RunOptions {
  /** Called for each request to the registry, without token requests. */
  readonly onRequest?: () => void;
}

/** Copies and inspects images, in this process or at a server. Accepts requests before and after `parseCopyRequest`. */
export interface Engine {
  /** Makes the plan of a copy. Writes nothing. */
  plan(request: CopyRequestInput | CopyRequest, options?: PlanOptions): Promise<Plan>;
  /** Copies an image and returns a report. The tag is moved last. */
  copy(request: CopyRequestInput | CopyRequest, options?: RunOptions): Promise<Report>;
  /**
   * Resolves a name by HEAD to `registry/repository[:tag]@digest`. Uses the options of the source side.
   *
   * @throws CrossdockError `not_found`
   */
  resolve(reference: string, options?: RunOptions): Promise<string>;
  /**
   * Checks an image against the admission policy, whether or not it admits it. Uses the options of the source side.
   *
   * @throws CrossdockError `usage` without a policy, `not_found`
   */
  admit(reference: string, options?: AdmitOptions): Promise<AdmissionVerdict>;
  /** Performs one step of a plan, which may come from another process. */
  perform(step: Step, options?: RunOptions): Promise<Performed>;
  /** Inspects an image: its manifests, platforms, configs, layers and referrers. Uses the options of the source side. */
  inspect(reference: string, options?: RunOptions): Promise<Inspection>;
  /** Lists tags, page by page. Uses the options of the source side. */
  tags(repository: string, options?: RunOptions): AsyncIterable<string[]>;
  /** Compares a copy with its source, including every blob. Needs the same options as the copy. Transfers no blob. */
  verify(request: ComparisonInput | CopyRequest, options?: RunOptions): Promise<Verification>;
}

/** Options of `checkAccess`. */
export interface AccessOptions extends RunOptions {
  /** Checks the right to push to a repository, by an upload that is opened and cancelled. Default: the right to pull. */
  readonly isPush?: boolean | undefined;
}

/** An engine in this process. */
export interface LocalEngine extends Engine {
  /** Copies an image and returns a report. The tag is moved last. */
  copy(request: CopyRequestInput | CopyRequest, options?: CopyOptions): Promise<Report>;
  /** Resolves a name by HEAD to `registry/repository[:tag]@digest`. Uses the options of the source side. */
  resolve(reference: string, options?: ResolveOptions): Promise<string>;
  /**
   * Checks the access to a registry, or to a repository, with its credentials. Uses the options of the source side, or with
   * `isPush` those of the destination.
   */
  checkAccess(name: string, options?: AccessOptions): Promise<AccessCheck>;
}

/**
 * Creates an engine for this process. It caches tokens and properties of registries in memory and has no other state. A process
 * may use several engines.
 *
 * @throws RangeError for an option out of range
 */
export function createEngine(options: EngineOptions): LocalEngine {
  return engineOn(createCopier(options));
}

/** Creates an engine on a shared copier. */
export function engineOn(copier: Copier): LocalEngine {
  const { sides, receipts, runtime, concurrency, retries, timeoutMs } = copier;

  return {
    async plan(input, { signal, emit, survey = true, manifests = false } = {}): Promise<Plan> {
      const request = parseCopyRequest(input);
      const repositories = sides.openCopy(request, { emit });
      const planned = await makePlan(request, repositories, {
        receipts,
        signal,
        warn: toWarn(emit),
      });
      const admitted = await copier.admitPlan(planned.plan, repositories, { signal });
      const made = manifests ? carryManifests(admitted, planned.manifests) : admitted;
      const plan = survey ? await surveyPlan(made, repositories, { concurrency, signal }) : made;
      return { ...plan, requests: countRequests(repositories) };
    },

    async copy(input, { signal, emit, approve } = {}): Promise<Report> {
      const request = parseCopyRequest(input);
      const repositories = sides.openCopy(request, { emit });
      const plan = (): Promise<Planned> =>
        makePlan(request, repositories, { receipts, signal, warn: toWarn(emit) });
      return await copier.run({ request, ...repositories, plan, signal, emit, approve });
    },

    async perform(value, { signal, emit } = {}): Promise<Performed> {
      const step = parseStep(value);
      const target = sides.open("destination", parseRepository(step.destination), { emit });
      // Other steps are performed without reading the source.
      const source = "source" in step
        ? sides.open("source", parseRepository(step.source), { emit })
        : target;
      const context = { source, target, runtime, retries, timeoutMs, emit, signal };
      const outcome = await copier.perform(step, context);
      await target.finish?.();
      const requests = {
        source: source === target ? 0 : source.requests,
        destination: target.requests,
      };
      return { ...outcome, requests };
    },

    async resolve(text, { signal, emit, onRequest } = {}): Promise<string> {
      const reference = withDefaultTag(parseReference(text));
      if (reference.digest) return formatReference(reference);
      const source = sides.open("source", reference, { emit, ...(onRequest ? { onRequest } : {}) });
      const found = await source.resolveManifest(reference.tag ?? "latest", { signal });
      if (!found) throw imageNotFound(reference);
      return formatReference({ ...reference, digest: found.digest });
    },

    async admit(text, { signal, emit, referrerSource } = {}): Promise<AdmissionVerdict> {
      const reference = withDefaultTag(parseReference(text));
      const source = sides.open("source", reference, { emit });
      const found = reference.digest ??
        (await source.resolveManifest(reference.tag ?? "latest", { signal }))?.digest;
      if (!found) throw imageNotFound(reference);
      const image = formatReference({ ...reference, digest: found });
      const repositories = {
        source,
        referrerSource: referrerSource === undefined
          ? source
          : sides.open("source", parseRepository(referrerSource), { emit }),
      };
      const verdict = await copier.checkAdmission(image, repositories, { signal });
      if (verdict) return verdict;
      throw new CrossdockError("usage", "there is no admission policy");
    },

    async inspect(text, { signal, emit } = {}): Promise<Inspection> {
      const reference = withDefaultTag(parseReference(text));
      const source = sides.open("source", reference, { emit });
      const moreReferrers = sides.openMoreReferrers(reference, { emit });
      return await inspectImage(reference, source, { timeoutMs, moreReferrers, signal });
    },

    tags(text, { signal, emit } = {}): AsyncIterable<string[]> {
      return sides.open("source", parseRepository(text), { emit }).listTags({ signal });
    },

    async verify(input, { signal, emit } = {}): Promise<Verification> {
      const request = parseCopyRequest(input);
      const repositories = sides.openCopy(request, { mode: "pull", emit });
      return await verifyCopy(request, repositories, { signal });
    },

    async checkAccess(name, { signal, emit, isPush } = {}): Promise<AccessCheck> {
      const { registry, repository } = isPush ? parseRepository(name) : parseAccessName(name);
      const side = isPush ? "destination" : "source";
      return await checkAccess(sides.client(side, registry), repository, {
        isPush,
        signal,
        onRetry: (retry) => emit?.({ type: "retry", ...retry }),
      });
    },
  };
}

function toWarn(emit: Emit | undefined): (message: string) => void {
  return (message) => emit?.({ type: "warning", message });
}
