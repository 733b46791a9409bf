import type {
  BeginBlobOptions,
  BlobStart,
  CallOptions,
  ManifestContent,
  ReferrersOptions,
} from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Side } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { LayoutSource, LayoutTarget } from "./layout_content.ts";

export interface LocalRepositoryOptions {
  /** The name for messages and steps, without the tag: `oci:./app`. */
  readonly name: string;
  readonly side: Side;
  /** Opens the folder or file, with the first call. */
  readonly open: () => Promise<LayoutSource | LayoutTarget>;
}

/** An image in a folder or a file, as the engine opens it. It is read or written only when it is used. Its errors name the side. */
export class LocalRepository implements LayoutTarget {
  readonly name: string;
  readonly registry: string;
  readonly requests = 0;
  readonly countsPulls = false;
  readonly pulls = undefined;
  readonly #options: LocalRepositoryOptions;
  #opened: Promise<LayoutSource | LayoutTarget> | undefined;

  constructor(options: LocalRepositoryOptions) {
    this.name = options.name;
    this.registry = options.name;
    this.#options = options;
  }

  resolveManifest(tagOrDigest: string, options?: CallOptions): Promise<Descriptor | undefined> {
    return this.#read((source) => source.resolveManifest(tagOrDigest, options));
  }

  fetchManifest(tagOrDigest: string, options?: CallOptions): Promise<ManifestContent | undefined> {
    return this.#read((source) => source.fetchManifest(tagOrDigest, options));
  }

  checkPulls(): void {}

  hasBlob(descriptor: Descriptor, options?: CallOptions): Promise<boolean> {
    return this.#read((source) => source.hasBlob(descriptor, options));
  }

  openBlob(
    descriptor: Descriptor,
    options?: CallOptions & { offset?: number },
  ): Promise<Response> {
    return this.#read((source) => source.openBlob(descriptor, options));
  }

  listReferrers(subject: Digest, options?: ReferrersOptions): Promise<Descriptor[]> {
    return this.#read((source) => source.listReferrers(subject, options));
  }

  async *listTags(options?: CallOptions & { last?: string }): AsyncGenerator<string[]> {
    const pages = await this.#read((source) => Promise.resolve(source.listTags(options)));
    try {
      yield* pages;
    } catch (error) {
      throw this.#withSide(error);
    }
  }

  beginBlob(descriptor: Descriptor, options?: BeginBlobOptions): Promise<BlobStart> {
    return this.#write(async (target) => {
      const start = await target.beginBlob(descriptor, options);
      if (start.state !== "open") return start;
      const { upload } = start;
      return {
        state: "open",
        upload: {
          put: (body, options) => this.#named(upload.put(body, options)),
          cancel: () => upload.cancel(),
        },
      };
    });
  }

  checksDigests(options?: CallOptions): Promise<boolean> {
    return this.#write((target) => target.checksDigests(options));
  }

  putManifest(content: ManifestContent, options?: CallOptions & { tag?: string }): Promise<void> {
    return this.#write((target) => target.putManifest(content, options));
  }

  recordReferrers(
    subject: Digest,
    referrers: readonly Descriptor[],
    options?: CallOptions,
  ): Promise<boolean> {
    return this.#write((target) => target.recordReferrers(subject, referrers, options));
  }

  deleteTag(tag: string): Promise<void> {
    return this.#write((target) => {
      if (target.deleteTag) return target.deleteTag(tag);
      throw new CrossdockError(
        "unsupported",
        `delete ${this.name}: images in it cannot be deleted`,
      );
    });
  }

  async finish(): Promise<void> {
    if (this.#opened) await this.#write((target) => target.finish());
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.then((content) => content.close(), () => {});
  }

  #read<Result>(call: (source: LayoutSource) => Promise<Result>): Promise<Result> {
    this.#opened ??= this.#options.open();
    this.#opened.catch(() => this.#opened = undefined);
    return this.#named(this.#opened.then(call));
  }

  #write<Result>(call: (target: LayoutTarget) => Promise<Result>): Promise<Result> {
    return this.#read((content) => {
      if (isTarget(content)) return call(content);
      throw new CrossdockError("usage", `write to ${this.name}: it was opened for reading`);
    });
  }

  async #named<Result>(result: Promise<Result>): Promise<Result> {
    try {
      return await result;
    } catch (error) {
      throw this.#withSide(error);
    }
  }

  #withSide(error: unknown): unknown {
    if (error instanceof CrossdockError) error.side ??= this.#options.side;
    return error;
  }
}

function isTarget(content: LayoutSource | LayoutTarget): content is LayoutTarget {
  return "putManifest" in content;
}
