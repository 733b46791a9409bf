/** Engines with the defaults of the host, for the functions of the library. */
import { credentialsFromObject, firstOf } from "../auth/credentials.ts";
import type { Credential, CredentialSources } from "../auth/credentials.ts";
import type { EngineOptions } from "../copier.ts";
import { createEngine } from "../engine.ts";
import type { LocalEngine, RunOptions } from "../engine.ts";
import type { Emit } from "../copy/model.ts";
import type { HostDefaults } from "../hosts/host_defaults.ts";
import { isLocal } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import type { SideOptions, TlsMode } from "../sides.ts";

/** How to reach the registry of an image. */
export interface RegistryOptions {
  /**
   * Default: the credentials that `docker login`, `podman login` and `skopeo login` have stored, and none on Workers. An object
   * applies only to the registry of the image, and `"none"` uses that registry anonymously.
   */
  readonly credentials?:
    | Credential
    | { readonly username: string; readonly password: string }
    | CredentialSources
    | "none";
  /** Default: `off` for a registry on loopback, and `on` for others. */
  readonly tls?: TlsMode;
  /** PEM certificates to trust, in addition to those of the host. */
  readonly caCerts?: string | readonly string[];
}

/** Options of {@linkcode inspect} and {@linkcode tags}, and of every call with two images. */
export interface CallSettings
  extends RunOptions, Pick<EngineOptions, "concurrency" | "retries" | "timeoutMs"> {
  /** The registry that is read. */
  readonly source?: RegistryOptions;
  /** Called with the message of each warning. Default: warnings are only in the result, and among the events of `emit`. */
  readonly onWarning?: (message: string) => void;
}

/** Options of calls with two images: {@linkcode copy}, {@linkcode plan} and {@linkcode verify}. */
export interface CopySettings extends CallSettings {
  /** The registry that is written to, or compared with the source. */
  readonly destination?: RegistryOptions;
}

/** The images of a call: the source's, and the destination's if there is one. */
export interface CallImages {
  readonly source: Reference;
  readonly destination?: Reference;
  /** Repositories of referrers that are not stored beside the images. */
  readonly referrerRepositories?: readonly Reference[];
}

/** An engine for one call. */
export interface CallEngine {
  readonly engine: LocalEngine;
  /** Closes the files that the call has opened. Call it after the call. */
  close(): Promise<void>;
}

let defaults: Promise<HostDefaults> | undefined;
let shared: LocalEngine | undefined;

/** Returns the defaults of the host. They are created once per process, when they are first needed. */
export function getDefaults(): Promise<HostDefaults> {
  return defaults ??= import("#defaults").then(({ createDefaults }) => createDefaults());
}

/**
 * Opens an engine for a call. Calls without options of an engine share one, and with it tokens, connections and the known
 * properties of registries.
 */
export async function openCallEngine(
  images: CallImages,
  settings: CopySettings,
): Promise<CallEngine> {
  const host = await getDefaults();
  const { source, destination, concurrency, retries, timeoutMs } = settings;
  const { referrerRepositories = [] } = images;
  const names = [images.source, images.destination, ...referrerRepositories];
  const needsLayouts = names.some((name) => name && isLocal(name));
  const own = [source, destination, concurrency, retries, timeoutMs];
  if (!needsLayouts && own.every((option) => option === undefined)) {
    shared ??= createEngine(optionsOf(host));
    return { engine: shared, close: () => Promise.resolve() };
  }
  const layouts = needsLayouts ? await host.openLayouts?.() : undefined;
  const engine = createEngine({
    ...optionsOf(host),
    source: toSideOptions(source, images.source, host),
    destination: toSideOptions(destination, images.destination, host),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(retries === undefined ? {} : { retries }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(layouts ? { layouts } : {}),
  });
  return { engine, close: async () => await layouts?.close() };
}

/** The options of a run, with events for `onWarning`. */
export function toRunOptions({ signal, emit, onWarning }: CallSettings): RunOptions {
  const withWarnings: Emit = (event) => {
    emit?.(event);
    if (event.type === "warning") onWarning?.(event.message);
  };
  return { ...(signal ? { signal } : {}), ...(emit || onWarning ? { emit: withWarnings } : {}) };
}

function optionsOf({ runtime, credentials }: HostDefaults): EngineOptions {
  return { runtime, source: { credentials }, destination: { credentials } };
}

function toSideOptions(
  { credentials, tls, caCerts }: RegistryOptions = {},
  image: Reference | undefined,
  host: HostDefaults,
): SideOptions {
  const registry = image?.registry ?? "";
  return {
    credentials: toSources(credentials, registry, host.credentials),
    // As for credentials: the referrers may be in another registry.
    ...(tls ? { tls: (host: string) => host === registry ? tls : undefined } : {}),
    ...(caCerts === undefined
      ? {}
      : { caCerts: typeof caCerts === "string" ? [caCerts] : caCerts }),
  };
}

function toSources(
  credentials: RegistryOptions["credentials"],
  registry: string,
  stored: CredentialSources,
): CredentialSources {
  if (credentials === undefined) return stored;
  if (credentials === "none") {
    return {
      lookup: async (about, ...rest) =>
        about === registry ? undefined : await stored.lookup(about, ...rest),
      describe: (about) => about === registry ? [] : stored.describe(about),
    };
  }
  if ("lookup" in credentials) return credentials;
  return firstOf(credentialsFromObject({ [registry]: credentials }), stored);
}
