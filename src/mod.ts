/**
 * Copies container images and other OCI artifacts between registries, by Web Streams. For Deno, Node, Bun and Cloudflare Workers.
 *
 * ```ts
 * import { copy } from "crossdock";
 *
 * const report = await copy("alpine:3.20", "registry.example.com/mirror/alpine");
 * console.log(report.result, report.digest);
 * ```
 *
 * {@linkcode copy}, {@linkcode plan}, {@linkcode verify}, {@linkcode inspect} and {@linkcode tags} use the defaults of the host:
 * its network, and the credentials that `docker login` has stored. {@linkcode createEngine} takes each of these as an option.
 *
 * @module
 */
export { copy, inspect, plan, tags, verify } from "./library/functions.ts";
export type { CopyCallSettings, PlanCallSettings } from "./library/functions.ts";
export type { CallSettings, CopySettings, RegistryOptions } from "./library/default_engine.ts";
export { createEngine } from "./engine.ts";
export type {
  AccessOptions,
  AdmitOptions,
  CopyOptions,
  Engine,
  LocalEngine,
  PlanOptions,
  ResolveOptions,
  RunOptions,
} from "./engine.ts";
export type { EngineOptions } from "./copier.ts";
export type { EngineMemory, Layouts, SideOptions, TlsMode } from "./sides.ts";
export type { CreateRepository, Guard, Pace } from "./registry/request.ts";
export type { Span, Trace } from "./trace.ts";
export type { AccessCheck } from "./registry/check_access.ts";
export {
  credentialsFromObject,
  firstOf,
  noCredentials,
  staticCredentials,
} from "./auth/credentials.ts";
export type {
  Credential,
  CredentialMatch,
  CredentialSources,
  LookupOptions,
} from "./auth/credentials.ts";
export { createEcrRepository, ecrCredentials } from "./auth/ecr.ts";
export type { AwsOptions } from "./auth/aws_api.ts";
export type { EcrOptions } from "./auth/ecr_api.ts";
export type { EcrRegistry } from "./auth/ecr_registry.ts";
export { artifactRegistryCredentials } from "./auth/artifact_registry.ts";
export type { ArtifactRegistryOptions } from "./auth/artifact_registry.ts";
export { acrCredentials } from "./auth/acr.ts";
export type { AcrOptions } from "./auth/acr.ts";
export type { FetchForExchange } from "./auth/exchange.ts";
export type { CloudMemory } from "./auth/cloud_credentials.ts";
export { credentialsFromDockerConfig } from "./auth/docker_config_credentials.ts";
export { parseCopyRequest } from "./copy/request.ts";
export type {
  ComparisonInput,
  CopyRequest,
  CopyRequestInput,
  ReferrerFilter,
} from "./copy/request.ts";
export type {
  CopyEvent,
  Difference,
  Emit,
  Inspection,
  ManifestNode,
  Outcome,
  Performed,
  Plan,
  PlanTotals,
  ReferrerCount,
  ReferrerState,
  Report,
  RequestCounts,
  Stage,
  Verification,
} from "./copy/model.ts";
export type {
  AdmissionCandidate,
  AdmissionRequirement,
  AdmissionVerdict,
  ManifestVerdict,
} from "./copy/admission.ts";
export type {
  BlobStep,
  ManifestStep,
  ReceiptPolicy,
  ReceiptStep,
  ReferrersStep,
  Step,
  StepDescriptor,
} from "./copy/step.ts";
export { CopyError } from "./copy/copy_error.ts";
export {
  CrossdockError,
  ERROR_CODES,
  NetworkError,
  ParseError,
  SIDES,
  SilenceError,
} from "./errors.ts";
export type { CrossdockErrorOptions, ErrorCode, NetworkFailure, Side } from "./errors.ts";
export { RegistryError } from "./registry/registry_error.ts";
export type { RegistryErrorDetail } from "./registry/registry_error.ts";
export { parseReference } from "./oci/reference.ts";
export type { Reference } from "./oci/reference.ts";
export type { Descriptor } from "./oci/descriptor.ts";
export type { Digest, DigestAlgorithm } from "./oci/digest.ts";
export type { ReferrerKind } from "./oci/referrer_kind.ts";
export type { Platform } from "./oci/platform.ts";
export type {
  CheckedAddresses,
  ClientCertificate,
  HttpRequest,
  Runtime,
  StreamHash,
  TlsOptions,
  UploadRequest,
} from "./runtime.ts";
export type { ChunkReader } from "./streams/chunk_reader.ts";
