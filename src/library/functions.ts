/** The functions of the library: one call each, with the defaults of the host. */
import type { Inspection, Plan, Report, Verification } from "../copy/model.ts";
import { parseCopyRequest } from "../copy/request.ts";
import type { ComparisonInput, CopyRequest, CopyRequestInput } from "../copy/request.ts";
import type { CopyOptions, LocalEngine, PlanOptions } from "../engine.ts";
import { parseReference, parseRepository } from "../oci/reference.ts";
import { openCallEngine, toRunOptions } from "./default_engine.ts";
import type { CallImages, CallSettings, CopySettings } from "./default_engine.ts";

/** Settings of {@linkcode copy}. */
export type CopyCallSettings = CopySettings & Pick<CopyOptions, "approve">;

/** Settings of {@linkcode plan}. */
export type PlanCallSettings = CopySettings & Pick<PlanOptions, "survey" | "manifests">;

/**
 * Copies an image from one registry to another, or between a registry and a folder or file. The tag is moved last.
 *
 * ```ts
 * import { copy } from "crossdock";
 *
 * const report = await copy("alpine:3.20", "registry.example.com/mirror/alpine", {
 *   platforms: ["linux/amd64", "linux/arm64"],
 *   destination: { credentials: { username: "ci", password: "…" } },
 *   onWarning: (message) => console.warn(message),
 * });
 * console.log(report.result, report.digest);
 * ```
 *
 * @param source `registry/repository[:tag][@digest]`, `oci:PATH`, `oci-archive:FILE`, `docker-archive:FILE` or `dir:PATH`
 * @param destination as `source`. Default tag: the source's
 * @throws CrossdockError with a `code`, and often a `hint`
 */
export function copy(
  source: string,
  destination: string,
  options?: Omit<CopyRequestInput, "source" | "destination"> & CopyCallSettings,
): Promise<Report>;
/** Copies an image, from a request as an object. */
export function copy(
  request: CopyRequestInput | CopyRequest,
  settings?: CopyCallSettings,
): Promise<Report>;
export async function copy(...values: readonly unknown[]): Promise<Report> {
  const { request, settings } = readArguments<CopyCallSettings>(values);
  const options = { ...toRunOptions(settings), approve: settings.approve };
  return await withEngine(toImages(request), settings, (engine) => engine.copy(request, options));
}

/**
 * Makes the plan of a copy: which blobs and manifests would be written. Writes nothing.
 *
 * @throws CrossdockError with a `code`, and often a `hint`
 */
export function plan(
  source: string,
  destination: string,
  options?: Omit<CopyRequestInput, "source" | "destination"> & PlanCallSettings,
): Promise<Plan>;
/** Makes the plan of a copy, from a request as an object. */
export function plan(
  request: CopyRequestInput | CopyRequest,
  settings?: PlanCallSettings,
): Promise<Plan>;
export async function plan(...values: readonly unknown[]): Promise<Plan> {
  const { request, settings } = readArguments<PlanCallSettings>(values);
  const { survey, manifests } = settings;
  const options = {
    ...toRunOptions(settings),
    ...(survey === undefined ? {} : { survey }),
    ...(manifests === undefined ? {} : { manifests }),
  };
  return await withEngine(toImages(request), settings, (engine) => engine.plan(request, options));
}

/**
 * Compares a copy with its source, down to the last blob. Needs the same options as the copy. Transfers no blob.
 *
 * ```ts
 * import { verify } from "crossdock";
 *
 * const { equal, differences } = await verify("alpine:3.20", "registry.example.com/mirror/alpine");
 * if (!equal) console.error(differences);
 * ```
 *
 * @throws CrossdockError with a `code`, and often a `hint`
 */
export function verify(
  source: string,
  destination: string,
  options?: Omit<ComparisonInput, "source" | "destination"> & CopySettings,
): Promise<Verification>;
/** Compares a copy with its source, from a request as an object. */
export function verify(
  request: ComparisonInput | CopyRequest,
  settings?: CopySettings,
): Promise<Verification>;
export async function verify(...values: readonly unknown[]): Promise<Verification> {
  const { request, settings } = readArguments<CopySettings>(values);
  const options = toRunOptions(settings);
  return await withEngine(toImages(request), settings, (engine) => engine.verify(request, options));
}

/**
 * Inspects an image: its manifests, platforms, configs, layers and referrers.
 *
 * @throws CrossdockError with a `code`, and often a `hint`
 */
export async function inspect(
  reference: string,
  settings: CallSettings = {},
): Promise<Inspection> {
  const images = { source: parseReference(reference) };
  const options = toRunOptions(settings);
  return await withEngine(images, settings, (engine) => engine.inspect(reference, options));
}

/**
 * Lists the tags of a repository, page by page.
 *
 * ```ts
 * import { tags } from "crossdock";
 *
 * for await (const page of tags("alpine")) console.log(page.join(" "));
 * ```
 *
 * @throws CrossdockError with a `code`, and often a `hint`
 */
export async function* tags(
  repository: string,
  settings: CallSettings = {},
): AsyncGenerator<string[]> {
  const images = { source: parseRepository(repository) };
  const { engine, close } = await openCallEngine(images, settings);
  try {
    yield* engine.tags(repository, toRunOptions(settings));
  } finally {
    await close();
  }
}

async function withEngine<Result>(
  images: CallImages,
  settings: CopySettings,
  call: (engine: LocalEngine) => Promise<Result>,
): Promise<Result> {
  const { engine, close } = await openCallEngine(images, settings);
  try {
    return await call(engine);
  } finally {
    await close();
  }
}

/** The arguments of both forms: two names and options, or a request and settings. */
function readArguments<Settings extends CopyCallSettings & PlanCallSettings>(
  [first, second, third]: readonly unknown[],
): { request: CopyRequest; settings: Settings } {
  if (typeof first !== "string") {
    return { request: parseCopyRequest(first), settings: (second ?? {}) as Settings };
  }
  const options = (third ?? {}) as Settings;
  const {
    source: _source,
    destination: _destination,
    signal: _signal,
    emit: _emit,
    onWarning: _onWarning,
    concurrency: _concurrency,
    retries: _retries,
    timeoutMs: _timeoutMs,
    approve: _approve,
    survey: _survey,
    manifests: _manifests,
    ...rest
  } = options;
  const request = parseCopyRequest({ ...rest, source: first, destination: second });
  return { request, settings: options };
}

function toImages(request: CopyRequest): CallImages {
  const { source, destination, referrerSource, referrerDestination } = request;
  const others = [referrerSource, referrerDestination].filter((name) => name !== undefined);
  return { source, destination, referrerRepositories: others };
}
