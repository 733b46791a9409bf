/**
 * The library crossdock: copies container images and other OCI artifacts between registries by Web Streams.
 *
 * ```ts
 * import { createEngine, credentialsFromObject } from "crossdock";
 *
 * const engine = createEngine({ runtime, destination: { credentials: credentialsFromObject({ … }) } });
 * const report = await engine.copy({ source: "alpine:3.20", destination: "registry.example.com/mirror/alpine" });
 * ```
 */
export { createEngine } from "./engine.ts";
export type { CopyOptions, Engine, LocalEngine, PlanOptions, RunOptions } from "./engine.ts";
export type { EngineOptions } from "./copier.ts";
export type { EngineMemory, Layouts, OpenedRepository, SideOptions, TlsMode } from "./sides.ts";
export type { Guard, Pace } from "./registry/request.ts";
export type { Span, Trace } from "./trace.ts";
export type { AccessCheck } from "./registry/check_access.ts";
export type { CreateRepository } from "./registry/request.ts";
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
export type { EcrOptions } from "./auth/ecr_api.ts";
export type { EcrRegistry } from "./auth/ecr_registry.ts";
export { artifactRegistryCredentials } from "./auth/artifact_registry.ts";
export type { ArtifactRegistryOptions } from "./auth/artifact_registry.ts";
export { acrCredentials } from "./auth/acr.ts";
export type { AcrOptions } from "./auth/acr.ts";
export type { FetchForExchange } from "./auth/exchange.ts";
export type { CloudMemory } from "./auth/cloud_credentials.ts";
export { credentialsFromDockerConfig } from "./auth/docker_config_credentials.ts";
export { copyRequestSchema, parseCopyRequest } from "./copy/request.ts";
export type { ComparisonInput, CopyRequest, CopyRequestInput } from "./copy/request.ts";
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
  Report,
  Stage,
  Verification,
} from "./copy/model.ts";
export type { BlobStep, ManifestStep, ReferrersStep, Step } from "./copy/step.ts";
export { CopyError } from "./copy/copy_error.ts";
export { CrossdockError, NetworkError, ParseError, SilenceError } from "./errors.ts";
export type { ErrorCode, Side } from "./errors.ts";
export { RegistryError } from "./registry/registry_error.ts";
export { parseReference } from "./oci/reference.ts";
export type { Reference } from "./oci/reference.ts";
export type { Descriptor } from "./oci/descriptor.ts";
export type { Digest } from "./oci/digest.ts";
export type {
  ClientCertificate,
  HttpRequest,
  Runtime,
  StreamHash,
  TlsOptions,
  UploadRequest,
} from "./runtime.ts";
export type { ChunkReader } from "./streams/chunk_reader.ts";
