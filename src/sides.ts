/** Creates the registry clients and repositories for both sides of a copy, with the options of each side. */
import { noCredentials } from "./auth/credentials.ts";
import type { CredentialSources } from "./auth/credentials.ts";
import type { CallOptions, ContentTarget } from "./content.ts";
import { CrossdockError } from "./errors.ts";
import type { Side } from "./errors.ts";
import type { Emit } from "./copy/model.ts";
import type { MoreReferrers, Repositories } from "./copy/repositories.ts";
import type { CopyRequest } from "./copy/request.ts";
import { isLocal, isLoopbackRegistry, parseRepository } from "./oci/reference.ts";
import type { Reference } from "./oci/reference.ts";
import { RegistryClient } from "./registry/client.ts";
import type { CreateRepository, Guard, Pace } from "./registry/request.ts";
import { createRegistryMemory } from "./registry/memory.ts";
import { referrersElsewhere } from "./registry/quirks.ts";
import type { RegistryMemory } from "./registry/memory.ts";
import { MirroredRepository } from "./registry/mirrored_repository.ts";
import type { Health, MirrorRepository } from "./registry/mirrored_repository.ts";
import { Repository } from "./registry/repository.ts";
import type { RepositoryMode, RepositoryOptions } from "./registry/repository.ts";
import type { ClientCertificate, Runtime, TlsOptions } from "./runtime.ts";
import type { Trace } from "./trace.ts";

/** `off` is plain HTTP, `unverified` accepts any certificate. */
export type TlsMode = "on" | "off" | "unverified";

/** Options for all registries of one side. */
export interface SideOptions {
  /** Default: all registries are used anonymously. */
  readonly credentials?: CredentialSources;
  /** TLS mode of all registries, or a function of the registry. Default: `off` for loopback, like Docker; otherwise `on`. */
  readonly tls?: TlsMode | ((registry: string) => TlsMode | undefined);
  /** PEM certificates to trust in addition to those of the host, for all registries, or by registry. */
  readonly caCerts?: readonly string[] | ((registry: string) => readonly string[] | undefined);
  /**
   * The certificate for registries that require one, for all registries, or by registry. It is sent only to the registry itself, not
   * to hosts that it redirects to. Not on Workers.
   */
  readonly clientCertificate?:
    | ClientCertificate
    | ((registry: string) => ClientCertificate | undefined);
  /**
   * Mirrors of a registry, as `registry` or `registry/path`: manifests and blobs of a source are read from the first that has them.
   * Tags and referrers are always listed by the registry itself, and tags are resolved by it as long as it answers.
   */
  readonly mirrors?: (registry: string) => readonly string[];
  /** Creates a missing repository during a push: `createEcrRepository()`. Used for the destination only. */
  readonly createRepository?: CreateRepository;
}

/**
 * Cached data by side and registry. Engines with the same credentials may share it. Create it by `new Map()`.
 *
 * @internal
 */
export type EngineMemory = Map<string, RegistryMemory>;

/** A repository of a registry, or an image in a folder or file. */
export type OpenedRepository = Pick<Repository, keyof Repository> & ContentTarget;

/** Opens images in folders and files: `openLayouts()` of `crossdock/layouts`. */
export interface Layouts {
  /**
   * @param mode `pull` if the destination is only read
   * @internal
   */
  open(side: Side, reference: Reference, mode?: RepositoryMode): OpenedRepository;
  /**
   * Lists the images below a folder, as paths relative to it.
   *
   * @internal
   */
  repositories(folder: string, options?: CallOptions): AsyncIterable<string[]>;
}

export interface SidesOptions {
  readonly runtime: Runtime;
  readonly source?: SideOptions;
  readonly destination?: SideOptions;
  readonly retries: number;
  readonly timeoutMs: number;
  readonly guard?: Guard;
  readonly pace?: Pace;
  readonly trace?: Trace;
  readonly memory?: EngineMemory;
  readonly layouts?: Layouts;
}

interface OpenOptions extends Pick<RepositoryOptions, "onRequest" | "beforePull"> {
  /** Access to request. Default: pull for the source, push for the destination. */
  readonly mode?: RepositoryMode | undefined;
  readonly emit?: Emit | undefined;
}

export interface Sides {
  readonly layouts: Layouts | undefined;
  /** The client of a registry; always the same one. */
  client(side: Side, registry: string): RegistryClient;
  /** Opens a repository for reading, or at the destination for writing. */
  open(
    side: Side,
    reference: Reference,
    options?: OpenOptions,
  ): OpenedRepository;
  /** Opens the repository that is known to have further referrers of an image's registry, if there is one. */
  openMoreReferrers(reference: Reference, options: OpenOptions): MoreReferrers | undefined;
  /** Opens the repositories of a copy. */
  openCopy(request: CopyRequest, options: OpenOptions): Repositories;
}

/** How long a mirror that failed is not asked, nor a registry with mirrors. */
const PAUSE_MS = 60_000;

/** Hosts pool connections by TLS object, so each side has one object for each kind. */
function createTlsPool(): (tls: TlsOptions) => TlsOptions | undefined {
  const pool: TlsOptions[] = [];
  return ({ caCerts, clientCertificate, unverified }) => {
    if (!caCerts && !clientCertificate && !unverified) return undefined;
    const known = pool.find((tls) =>
      tls.caCerts === caCerts && tls.clientCertificate === clientCertificate &&
      (tls.unverified ?? false) === unverified
    );
    if (known) return known;
    const tls = {
      ...(caCerts ? { caCerts } : {}),
      ...(clientCertificate ? { clientCertificate } : {}),
      ...(unverified ? { unverified } : {}),
    };
    pool.push(tls);
    return tls;
  };
}

/** Creates a client on first use, and caches it. */
export function openSides(options: SidesOptions): Sides {
  const { runtime, retries, timeoutMs, guard, pace, trace, memory = new Map(), layouts } = options;
  const openers = { source: createOpener("source"), destination: createOpener("destination") };
  const { mirrors: listMirrors } = options.source ?? {};
  // The registry itself is the second try.
  const openMirror = createOpener("source", 0);
  /** The ends of pauses in milliseconds since the epoch. */
  const pauses = new Map<string, number>();

  function createOpener(side: Side, tries = retries): (registry: string) => RegistryClient {
    const { credentials = noCredentials, createRepository, ...tlsOptions } = options[side] ?? {};
    const { tls: tlsMode, caCerts, clientCertificate } = tlsOptions;
    const shareTls = createTlsPool();
    const clients = new Map<string, RegistryClient>();
    return (registry) => {
      const known = clients.get(registry);
      if (known) return known;
      if (isLocal({ registry })) {
        const message =
          `${registry} is not a registry, and folders and files cannot be opened here`;
        throw new CrossdockError("usage", message, { side });
      }
      const find = <Value>(value: Value | ((registry: string) => Value)): Value =>
        value instanceof Function ? value(registry) : value;
      const tls = find(tlsMode) ?? (isLoopbackRegistry(registry) ? "off" : "on");
      const client = new RegistryClient({
        runtime,
        registry,
        side,
        isPlain: tls === "off",
        tls: tls === "off" ? undefined : shareTls({
          caCerts: find(caCerts),
          clientCertificate: find(clientCertificate),
          unverified: tls === "unverified",
        }),
        credentials,
        retries: tries,
        timeoutMs,
        createRepository,
        guard,
        pace,
        trace,
        memory: memoryOf(side, registry),
      });
      clients.set(registry, client);
      return client;
    };
  }

  function memoryOf(side: Side, registry: string): RegistryMemory {
    const key = `${side} ${registry}`;
    const known = memory.get(key) ?? createRegistryMemory(registry);
    memory.set(key, known);
    return known;
  }

  function open(side: Side, reference: Reference, options: OpenOptions = {}): OpenedRepository {
    if (layouts && isLocal(reference)) return layouts.open(side, reference, options.mode);
    const { mode = side === "source" ? "pull" : "push", emit, ...repositoryOptions } = options;
    const client = openers[side](reference.registry);
    const own = [client, reference.repository, mode, {
      onRetry: (retry) => emit?.({ type: "retry", ...retry }),
      ...repositoryOptions,
    }] satisfies ConstructorParameters<typeof Repository>;
    const mirrors = side === "source" ? listMirrors?.(reference.registry) ?? [] : [];
    return mirrors.length === 0 ? new Repository(...own) : new MirroredRepository(
      mirrors.map((name) =>
        openMirrorRepository(name, reference, repositoryOptions.onRequest, emit)
      ),
      healthOf(reference.registry, emit, (reason) => `${reason}; mirrors resolve its tags`),
      ...own,
    );
  }

  function openMirrorRepository(
    name: string,
    { registry, repository }: Reference,
    onRequest: OpenOptions["onRequest"],
    emit: Emit | undefined,
  ): MirrorRepository {
    const [host = "", ...path] = name.split("/");
    return {
      repository: new Repository(openMirror(host), [...path, repository].join("/"), "pull", {
        onRequest,
      }),
      ...healthOf(
        `mirror ${name} of ${registry}`,
        emit,
        (reason) => `mirror ${name} of ${registry}: ${reason}; it is not used`,
      ),
    };
  }

  /** @param explain the beginning of the warning about a pause */
  function healthOf(
    key: string,
    emit: Emit | undefined,
    explain: (reason: string) => string,
  ): Health {
    const isFailed = (): boolean => (pauses.get(key) ?? 0) > runtime.now();
    return {
      isFailed,
      onFailure(reason): void {
        if (isFailed()) return;
        pauses.set(key, runtime.now() + PAUSE_MS);
        emit?.({ type: "warning", message: `${explain(reason)} for ${PAUSE_MS / 1000} s` });
      },
    };
  }

  function openMoreReferrers(
    reference: Reference,
    options: OpenOptions,
  ): MoreReferrers | undefined {
    const place = referrersElsewhere(reference);
    if (!place) return undefined;
    const source = open("source", parseRepository(place.name), { ...options, mode: "pull" });
    return { source, digestTags: place.digestTags };
  }

  return {
    layouts,
    openMoreReferrers,
    client: (side, registry) => openers[side](registry),
    open,
    openCopy({ referrerSource, referrerDestination, ...request }, options): Repositories {
      const source = open("source", request.source, options);
      const target = open("destination", request.destination, options);
      return {
        source,
        target,
        referrerSource: referrerSource ? open("source", referrerSource, options) : source,
        referrerTarget: referrerDestination
          ? open("destination", referrerDestination, options)
          : target,
        moreReferrers: referrerSource ? undefined : openMoreReferrers(request.source, options),
      };
    },
  };
}
