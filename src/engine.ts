/**
 * crossdock's table of contents: a request becomes a plan, a plan is run step by step, and a report says what was done.
 * Here alone a registry's repositories (`registry/`) meet the copy (`copy/`).
 */
import { noCredentials } from "./auth/credentials.ts";
import type { CredentialSources } from "./auth/credentials.ts";
import { inspectImage } from "./copy/inspect.ts";
import type { Inspection } from "./copy/inspect.ts";
import { performStep } from "./copy/perform.ts";
import type { Outcome, PerformContext } from "./copy/perform.ts";
import { makePlan } from "./copy/plan.ts";
import type { Plan } from "./copy/plan.ts";
import { makeReport } from "./copy/report.ts";
import type { Report } from "./copy/report.ts";
import { parseCopyRequest } from "./copy/request.ts";
import type { CopyRequest, CopyRequestInput } from "./copy/request.ts";
import { runPlan } from "./copy/run.ts";
import { parseStep } from "./copy/step.ts";
import type { Step } from "./copy/step.ts";
import { surveyPlan } from "./copy/survey.ts";
import { verifyCopy } from "./copy/verify.ts";
import type { Verification } from "./copy/verify.ts";
import type { Side } from "./errors.ts";
import type { Emit } from "./events.ts";
import {
  isLoopbackRegistry,
  parseReference,
  parseRepository,
  withDefaultTag,
} from "./oci/reference.ts";
import type { Reference } from "./oci/reference.ts";
import { checkAccess } from "./registry/check_access.ts";
import type { AccessCheck } from "./registry/check_access.ts";
import { RegistryClient } from "./registry/client.ts";
import type { OnRetry } from "./registry/client.ts";
import type { CreateRepository } from "./registry/ensure_repository.ts";
import { Repository } from "./registry/repository.ts";
import type { Runtime, TlsOptions } from "./runtime.ts";

/** How one side's registries are spoken to. */
export interface SideOptions {
  readonly credentials?: CredentialSources;
  /** Default: `off` for a registry on loopback, as Docker does, and `on` for any other. */
  readonly tls?: "on" | "off" | "unverified";
  /** PEM certificates trusted besides the host's own. */
  readonly caCerts?: readonly string[];
  /** Called when a push finds no repository, to create it: `createEcrRepository()`. Counts for the destination. */
  readonly createRepository?: CreateRepository;
}

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
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly emit?: Emit;
}

export interface Engine {
  /** Says what a copy would do, and asks the destination for each blob: writes nothing. */
  plan(request: CopyRequestInput, options?: RunOptions): Promise<Plan>;
  /** Copies, and reports. The tag moves last. */
  copy(request: CopyRequestInput, options?: RunOptions): Promise<Report>;
  /** Performs one step of a plan, from wherever it comes. The only way in which anything is written. */
  perform(step: Step, options?: RunOptions): Promise<Outcome>;
  /** Shows an image: its manifests, platforms, config, layers, and what refers to it. Uses the source side's options. */
  inspect(reference: string, options?: RunOptions): Promise<Inspection>;
  /** Lists tags, page by page. Uses the source side's options. */
  tags(repository: string, options?: RunOptions): AsyncIterable<string[]>;
  /** Compares two images to the last blob, moving none. */
  verify(
    source: string,
    destination: string,
    options?: RunOptions & { referrers?: boolean; digestTags?: boolean; platforms?: string[] },
  ): Promise<Verification>;
  /** Tries a registry (and a repository, where one is named) with the credentials found for it. Uses the source side's options. */
  checkAccess(name: string, options?: RunOptions): Promise<AccessCheck>;
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
export function createEngine(options: EngineOptions): Engine {
  const concurrency = checkRange("concurrency", options.concurrency ?? DEFAULT_CONCURRENCY, 1, 256);
  const retries = checkRange("retries", options.retries ?? DEFAULT_RETRIES, 0, 20);
  const timeoutMs = checkRange(
    "timeoutMs",
    options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    1,
    24 * 60 * 60 * 1000,
  );
  const { runtime } = options;
  const openers = { source: createOpener("source"), destination: createOpener("destination") };

  function createOpener(side: Side): (registry: string) => RegistryClient {
    const { tls = undefined, caCerts, credentials = noCredentials, createRepository } =
      options[side] ?? {};
    // One object a side: hosts keep their connections by it.
    const tlsOptions: TlsOptions | undefined = caCerts || tls === "unverified"
      ? { caCerts, unverified: tls === "unverified" }
      : undefined;
    const clients = new Map<string, RegistryClient>();
    return (registry) => {
      const known = clients.get(registry);
      if (known) return known;
      const isPlain = tls === undefined ? isLoopbackRegistry(registry) : tls === "off";
      const client = new RegistryClient({
        runtime,
        registry,
        side,
        isPlain,
        tls: isPlain ? undefined : tlsOptions,
        credentials,
        retries,
        timeoutMs,
        createRepository,
      });
      clients.set(registry, client);
      return client;
    };
  }

  function open(side: Side, reference: Reference, emit?: Emit): Repository {
    const mode = side === "source" ? "pull" : "push";
    return new Repository(
      openers[side](reference.registry),
      reference.repository,
      mode,
      toRetry(emit),
    );
  }

  function openBoth(request: CopyRequest, emit?: Emit): { source: Repository; target: Repository } {
    return {
      source: open("source", request.source, emit),
      target: open("destination", request.destination, emit),
    };
  }

  return {
    async plan(input, { signal, emit } = {}): Promise<Plan> {
      const request = parseCopyRequest(input);
      const { source, target } = openBoth(request, emit);
      const { plan } = await makePlan(request, source, target, { signal, warn: toWarn(emit) });
      const planned = { source: source.requests, destination: target.requests };
      return await surveyPlan(plan, target, planned, { concurrency, signal });
    },

    async copy(input, { signal, emit } = {}): Promise<Report> {
      const startedAt = runtime.now();
      const request = parseCopyRequest(input);
      const { source, target } = openBoth(request, emit);
      const { plan, manifests } = await makePlan(request, source, target, {
        signal,
        warn: toWarn(emit),
      });
      emit?.({ type: "plan", plan });
      const context = { source, target, runtime, retries, timeoutMs, manifests, emit };
      const perform = (step: Step, stepSignal: AbortSignal): Promise<Outcome> =>
        performStep(step, { ...context, signal: stepSignal });
      const outcomes = await runPlan(plan, perform, { concurrency, emit, signal });
      const requests = { source: source.requests, destination: target.requests };
      const report = makeReport(plan, outcomes, requests, runtime.now() - startedAt);
      emit?.({ type: "report", report });
      return report;
    },

    async perform(value, { signal, emit } = {}): Promise<Outcome> {
      const step = parseStep(value);
      const destination = parseRepository(step.destination);
      const target = open("destination", destination, emit);
      // What a destination keeps of referrers is written without a look at the source.
      const source = step.type === "referrers"
        ? target
        : open("source", parseRepository(step.source), emit);
      const context: PerformContext = { source, target, runtime, retries, timeoutMs, emit, signal };
      return await performStep(step, context);
    },

    async inspect(text, { signal, emit } = {}): Promise<Inspection> {
      const reference = withDefaultTag(parseReference(text));
      return await inspectImage(reference, open("source", reference, emit), { signal });
    },

    tags(text, { signal, emit } = {}): AsyncIterable<string[]> {
      return open("source", parseRepository(text), emit).listTags({ signal });
    },

    async verify(source, destination, { signal, emit, ...rest } = {}): Promise<Verification> {
      const request = parseCopyRequest({ source, destination, ...rest });
      const target = new Repository(
        openers.destination(request.destination.registry),
        request.destination.repository,
        "pull",
        toRetry(emit),
      );
      return await verifyCopy(request, open("source", request.source, emit), target, { signal });
    },

    async checkAccess(name, { signal } = {}): Promise<AccessCheck> {
      const { registry, repository } = parseAccessName(name);
      const { credentials = noCredentials } = options.source ?? {};
      return await checkAccess(openers.source(registry), credentials, repository, { signal });
    },
  };
}

/** `ghcr.io` or `ghcr.io/org/app`. A lone word is a registry here, not a repository of Docker Hub. */
function parseAccessName(name: string): { registry: string; repository: string | undefined } {
  const text = name.replace(/^docker:\/\//, "").replace(/\/$/, "");
  if (text.includes("/")) return parseRepository(text);
  return { registry: parseRepository(`${text}/x`).registry, repository: undefined };
}

function toRetry(emit: Emit | undefined): OnRetry {
  return (retry) => emit?.({ type: "retry", ...retry });
}

function toWarn(emit: Emit | undefined): (message: string) => void {
  return (message) => emit?.({ type: "warning", message });
}

function checkRange(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} is ${value}, not a whole number from ${least} to ${most}`);
}
