import { toBytes } from "@std/streams/to-bytes";
import * as z from "zod";
import { CrossdockError, NetworkError, SilenceError } from "../errors.ts";
import { safeParseJson } from "../schema.ts";
import { limitBody } from "../streams/limit_body.ts";

/** The largest tokens seen are JWTs of a few KiB; ACR's reach 10. */
const MAX_ANSWER_BYTES = 1024 * 1024;

const ANSWER_TIMEOUT_MS = 60_000;

/** Text in an answer; anything else counts as absent. */
export const optionalText = z.string().min(1).optional().catch(undefined);

/** Seconds in an answer, as a number or as text; anything that is not above zero counts as absent. */
export const optionalSeconds = z.coerce.number().positive().optional().catch(undefined);

/**
 * Reads the JSON object that a token server answers with.
 *
 * @param server who answers, for errors: `token server auth.docker.io`
 * @param schema of the object, whose members accept anything
 * @throws CrossdockError `registry` for anything that is no JSON object, `limit` above 1 MiB; NetworkError or SilenceError
 * when the body breaks off or stalls. None holds any of the text, which may be a token.
 */
export async function readAnswer<Value>(
  response: Response,
  server: string,
  schema: z.ZodType<Value>,
): Promise<Value> {
  const text = new TextDecoder().decode(await readBounded(response, server));
  const { data, error } = safeParseJson(text, schema);
  if (!error) return data;
  // Without its cause, which could quote a token.
  throw new CrossdockError("registry", `${server} answered something that is no JSON object`);
}

async function readBounded(response: Response, server: string): Promise<Uint8Array> {
  const what = `read the answer of ${server}`;
  const limits = {
    maxBytes: MAX_ANSWER_BYTES,
    timeoutMs: ANSWER_TIMEOUT_MS,
    toSilence: () => new SilenceError(what, ANSWER_TIMEOUT_MS),
  };
  try {
    return await toBytes(limitBody(response, limits));
  } catch (cause) {
    if (cause instanceof CrossdockError) throw cause;
    if (cause instanceof RangeError) throw new CrossdockError("limit", `${what}: it is too long`);
    throw new NetworkError("reset", `${what}: the connection broke`, { cause });
  }
}
