/** The two sides of a copy: which client speaks to which registry, and with what. */
import { noCredentials } from "./auth/credentials.ts";
import type { CredentialSources } from "./auth/credentials.ts";
import type { Side } from "./errors.ts";
import type { Emit } from "./copy/model.ts";
import type { Repositories } from "./copy/repositories.ts";
import type { CopyRequest } from "./copy/request.ts";
import { isLoopbackRegistry } from "./oci/reference.ts";
import type { Reference } from "./oci/reference.ts";
import { RegistryClient } from "./registry/client.ts";
import type { CreateRepository, Guard, Pace } from "./registry/request.ts";
import { createRegistryMemory } from "./registry/memory.ts";
import type { RegistryMemory } from "./registry/memory.ts";
import { Repository } from "./registry/repository.ts";
import type { RepositoryMode, RepositoryOptions } from "./registry/repository.ts";
import type { Runtime, TlsOptions } from "./runtime.ts";
import type { Trace } from "./trace.ts";

/** `off` is plain HTTP, `unverified` takes any certificate. */
export type TlsMode = "on" | "off" | "unverified";

/** How one side's registries are spoken to. */
export interface SideOptions {
  readonly credentials?: CredentialSources;
  /** For all registries, or for each. Default: `off` for a registry on loopback, as Docker does, and `on` for any other. */
  readonly tls?: TlsMode | ((registry: string) => TlsMode | undefined);
  /** PEM certificates trusted besides the host's own. */
  readonly caCerts?: readonly string[];
  /** Called when a push finds no repository, to create it: `createEcrRepository()`. Counts for the destination. */
  readonly createRepository?: CreateRepository;
}

/** What engines with the same credentials may share: plain data, by side and registry. */
export type EngineMemory = Map<string, RegistryMemory>;

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
}

export interface OpenOptions extends Pick<RepositoryOptions, "onRequest" | "beforePull"> {
  /** Default: to pull from a source, to push to a destination. */
  readonly mode?: RepositoryMode | undefined;
  readonly emit?: Emit | undefined;
}

export interface Sides {
  /** The client of a registry, the same one each time. */
  client(side: Side, registry: string): RegistryClient;
  /** A repository to read from, or at the destination to write to. */
  open(
    side: Side,
    reference: Reference,
    options?: OpenOptions,
  ): Repository;
  /** The repositories of a copy. */
  openCopy(request: CopyRequest, options: OpenOptions): Repositories;
}

/** Makes clients as they are needed and keeps them. */
export function openSides(options: SidesOptions): Sides {
  const { runtime, retries, timeoutMs, guard, pace, trace, memory = new Map() } = options;
  const openers = { source: createOpener("source"), destination: createOpener("destination") };

  function createOpener(side: Side): (registry: string) => RegistryClient {
    const { tls: tlsMode, caCerts, credentials = noCredentials, createRepository } =
      options[side] ?? {};
    // One object a side and kind: hosts keep their connections by it.
    const verified: TlsOptions | undefined = caCerts ? { caCerts } : undefined;
    const unverified: TlsOptions = { caCerts, unverified: true };
    const clients = new Map<string, RegistryClient>();
    return (registry) => {
      const known = clients.get(registry);
      if (known) return known;
      const tls = (typeof tlsMode === "function" ? tlsMode(registry) : tlsMode) ??
        (isLoopbackRegistry(registry) ? "off" : "on");
      const client = new RegistryClient({
        runtime,
        registry,
        side,
        isPlain: tls === "off",
        tls: tls === "off" ? undefined : tls === "unverified" ? unverified : verified,
        credentials,
        retries,
        timeoutMs,
        createRepository,
        guard,
        pace,
        trace,
        memory: remember(side, registry),
      });
      clients.set(registry, client);
      return client;
    };
  }

  function remember(side: Side, registry: string): RegistryMemory {
    const key = `${side} ${registry}`;
    const known = memory.get(key) ?? createRegistryMemory(registry);
    memory.set(key, known);
    return known;
  }

  function open(side: Side, reference: Reference, options: OpenOptions = {}): Repository {
    const { mode = side === "source" ? "pull" : "push", emit, ...own } = options;
    const client = openers[side](reference.registry);
    return new Repository(client, reference.repository, mode, {
      onRetry: (retry) => emit?.({ type: "retry", ...retry }),
      ...own,
    });
  }

  return {
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
      };
    },
  };
}
