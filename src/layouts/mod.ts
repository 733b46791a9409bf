/**
 * Images in folders and tar files, as sources and destinations of copies. For Deno, Node and Bun.
 *
 * ```ts
 * import { createEngine } from "crossdock";
 * import { openLayouts } from "crossdock/layouts";
 * import { createRuntime } from "crossdock/runtime";
 *
 * const layouts = openLayouts();
 * try {
 *   const engine = createEngine({ runtime: await createRuntime(), layouts });
 *   await engine.copy({ source: "alpine:3.20", destination: "oci:./alpine:3.20" });
 * } finally {
 *   await layouts.close();
 * }
 * ```
 */
import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Side } from "../errors.ts";
import { formatReference } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import { openDirLayout, openDirLayoutTarget } from "./dir_layout.ts";
import { openDockerArchive } from "./docker_archive_source.ts";
import { openDockerArchiveTarget } from "./docker_archive_target.ts";
import { openFolder } from "./folder.ts";
import { createLayoutMemory } from "./layout_content.ts";
import type { LayoutMemory, LayoutSource, LayoutTarget } from "./layout_content.ts";
import { listLayouts } from "./list_layouts.ts";
import { LocalRepository } from "./local_repository.ts";
import { openOciLayout } from "./oci_layout.ts";
import { openOciLayoutTarget } from "./oci_layout_target.ts";
import { openTarReader } from "./tar_reader.ts";
import { TarWriter } from "./tar_writer.ts";

/** Opens images in folders and files for an engine. */
export interface LocalLayouts extends AsyncDisposable {
  /**
   * @param mode `pull` if the destination is only read. An archive is otherwise replaced
   * @internal
   */
  open(side: Side, reference: Reference, mode?: "pull" | "push" | "delete"): LocalRepository;
  /**
   * Lists the OCI layouts below a folder, such as `oci:./mirror`, as paths relative to it.
   *
   * @internal
   */
  repositories(folder: string, options?: CallOptions): AsyncIterable<string[]>;
  /** Closes open files, and removes temporary ones and archives that are not complete. Call it after the last copy. Never rejects. */
  close(): Promise<void>;
}

/** How images of a docker archive are made that has layers without compression, and no manifests. */
export interface LayoutsOptions {
  /** How layers are compressed. Default: gzip. */
  readonly compress?: "gzip" | "none";
  /** The media types of manifest, config and layers. Default: oci. */
  readonly format?: "oci" | "docker";
}

/** Opens images in folders and files. Close it after the last copy. */
export function openLayouts(conversion: LayoutsOptions = {}): LocalLayouts {
  /** Folders need not be closed. */
  const archives = new Set<LocalRepository>();
  const memories = new Map<string, LayoutMemory>();

  function memoryOf(registry: string): LayoutMemory {
    const memory = memories.get(registry) ?? createLayoutMemory();
    memories.set(registry, memory);
    return memory;
  }

  async function close(): Promise<void> {
    await Promise.all([...archives].map((archive) => archive.close()));
    archives.clear();
  }

  return {
    open(side, reference, mode): LocalRepository {
      const { registry, repository } = reference;
      const memory = memoryOf(registry);
      const local = new LocalRepository({
        name: formatReference({ registry, repository }),
        side,
        open: () => openContent(reference, { side, mode, memory, conversion }),
      });
      if (registry.includes("archive:")) archives.add(local);
      return local;
    },
    async *repositories(folder, options): AsyncGenerator<string[]> {
      const { transport, path } = splitRegistry(folder);
      if (transport !== "oci") {
        const message = `list the images in ${folder}: expected oci: and a folder`;
        throw new CrossdockError("unsupported", message, { side: "source" });
      }
      yield* listLayouts(path, options);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function splitRegistry(registry: string): { transport: string; path: string } {
  const colon = registry.indexOf(":");
  return { transport: registry.slice(0, colon), path: registry.slice(colon + 1) };
}

async function openContent(
  { registry, repository }: Reference,
  { side, mode, memory, conversion }: {
    readonly conversion: LayoutsOptions;
    readonly side: Side;
    readonly mode: "pull" | "push" | "delete" | undefined;
    readonly memory: LayoutMemory;
  },
): Promise<LayoutSource | LayoutTarget> {
  const { transport, path } = splitRegistry(registry);
  const isSource = side === "source";
  const options = {
    name: formatReference({ registry, repository }),
    imageName: repository === "" ? undefined : repository,
    isExact: !isSource,
    memory,
  };
  switch (transport) {
    case "oci":
      return isSource
        ? openOciLayout(openFolder(path), options)
        : openOciLayoutTarget(openFolder(path), options);
    case "oci-archive":
      return isSource || mode === "pull"
        ? openOciLayout(await openTarReader(path), options)
        : openOciLayoutTarget(new TarWriter(path), options);
    case "docker-archive": {
      const archive = { file: path, name: options.name, image: options.imageName };
      return isSource || mode === "pull"
        ? await openDockerArchive({ ...archive, ...conversion, isExact: !isSource })
        : openDockerArchiveTarget(archive);
    }
    case "dir":
      return isSource
        ? openDirLayout(openFolder(path), options)
        : openDirLayoutTarget(openFolder(path), options);
  }
  throw new CrossdockError("usage", `${registry}: the transport ${transport} is unknown`);
}
