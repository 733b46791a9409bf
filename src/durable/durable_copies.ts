/** The port to the runner of durable copies, a Workflow on Workers and absent on other hosts, and what its users share. */
import * as z from "zod";
import type { Report } from "../copy/model.ts";
import { parseCopyRequest, toCopyRequestInput } from "../copy/request.ts";
import type { CopyRequest, CopyRequestInput } from "../copy/request.ts";
import type { LocalEngine } from "../engine.ts";
import { digestBytes } from "../oci/digest.ts";
import { formatReference } from "../oci/reference.ts";
import type { Problem } from "../problem.ts";

export const copyIdSchema = z.string().regex(
  /^[0-9a-f]{64}$/,
  "not a copy id: expected 64 hexadecimal digits",
);

/** A copy that continues without its caller. */
export interface DurableCopy {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** `complete`, `failed` and `cancelled` are final. */
  readonly state: "queued" | "running" | "complete" | "failed" | "cancelled";
  /** Present if the state is `complete`. */
  readonly report?: Report;
  /** Present if the state is `failed`. */
  readonly problem?: Problem;
}

/** Runs copies that continue without their caller. */
export interface DurableCopies {
  /**
   * Starts a copy whose source has a digest. While a copy runs, another start with the same digest, destination and options
   * returns that copy. A copy that has ended is restarted.
   *
   * @param options.rule the rule that starts the copy. A copy that was first started without a rule stays without one.
   * @param options.sourceRequests number of requests that resolved the source, for the report. Default: 0
   */
  start(
    request: CopyRequestInput,
    options?: { readonly rule?: string; readonly sourceRequests?: number },
  ): Promise<DurableCopy>;
  /** Gets a copy. Resolves to `undefined` if there is none with this id. */
  get(id: string): Promise<DurableCopy | undefined>;
  /** Cancels a copy. A copy that has ended keeps its state. */
  cancel(id: string): Promise<DurableCopy | undefined>;
}

/**
 * Resolves the source to its current digest and starts a durable copy. The digest is part of the copy's id.
 *
 * @param options.rule the rule that starts the copy. Only copies with a rule send notifications.
 * @throws CrossdockError `not_found` if the source does not exist
 */
export async function startDurableCopy(
  request: CopyRequestInput | CopyRequest,
  { durable, engine, rule }: {
    durable: DurableCopies;
    engine: Pick<LocalEngine, "resolve">;
    rule?: string;
  },
): Promise<DurableCopy> {
  const input = toCopyRequestInput(request);
  let sourceRequests = 0;
  const source = await engine.resolve(input.source, { onRequest: () => void sourceRequests++ });
  return await durable.start({ ...input, source }, {
    ...(rule === undefined ? {} : { rule }),
    ...(sourceRequests > 0 ? { sourceRequests } : {}),
  });
}

/**
 * Computes the id of a durable copy: a hash of the normalized request, in 64 hexadecimal digits. Equal requests in different
 * spellings are one copy. The hash covers every option, so that an ended copy can be restarted with its stored request. It
 * omits the source's tag, because the digest identifies the source.
 *
 * @param request its source has a digest
 */
export async function copyId(request: CopyRequestInput): Promise<string> {
  const { source, destination, platforms, input: _, ...options } = parseCopyRequest(request);
  const { tag: __, ...pinned } = source;
  const text = JSON.stringify([
    formatReference(pinned),
    formatReference(destination),
    platforms.map((platform) => JSON.stringify(Object.entries(platform).sort())).sort(),
    Object.entries(options).sort(),
  ]);
  const digest = await digestBytes(new TextEncoder().encode(text), "sha256");
  return digest.slice("sha256:".length);
}
