import { toBytes } from "@std/streams/to-bytes";
import * as z from "zod";
import { CrossdockError, NetworkError, SilenceError } from "../errors.ts";
import { safeParseJson } from "../schema.ts";
import { limitBody } from "../streams/limit_body.ts";

/** The largest observed tokens are JWTs of a few KiB, up to 10 KiB from ACR. */
const MAX_ANSWER_BYTES = 1024 * 1024;

const ANSWER_TIMEOUT_MS = 60_000;

/** Text in a response. Any other value counts as absent. */
export const optionalText = z.string().min(1).optional().catch(undefined);

/** Seconds in a response, as a number or text. A value that is not positive counts as absent. */
export const optionalSeconds = z.coerce.number().positive().optional().catch(undefined);

/**
 * Reads the JSON object in the response of a token server.
 *
 * @param server the server, used in messages: `token server auth.docker.io`
 * @param schema the schema of the object, whose members accept any value
 * @throws CrossdockError `registry` if the body is not a JSON object, `limit` above 1 MiB; NetworkError or SilenceError if the
 * body breaks off or stalls. No message quotes the body, which may contain a token.
 */
export async function readAnswer<Value>(
  response: Response,
  server: string,
  schema: z.ZodType<Value>,
): Promise<Value> {
  const text = new TextDecoder().decode(await readBounded(response, server));
  const { data, error } = safeParseJson(text, schema);
  if (!error) return data;
  // Without a cause, which could quote a token.
  throw new CrossdockError("registry", `the response of ${server} is not a JSON object`);
}

async function readBounded(response: Response, server: string): Promise<Uint8Array> {
  const what = `read the response of ${server}`;
  const limits = {
    maxBytes: MAX_ANSWER_BYTES,
    timeoutMs: ANSWER_TIMEOUT_MS,
    toSilence: () => new SilenceError(what, ANSWER_TIMEOUT_MS),
  };
  try {
    return await toBytes(limitBody(response, limits));
  } catch (cause) {
    if (cause instanceof CrossdockError) throw cause;
    if (cause instanceof RangeError) {
      throw new CrossdockError("limit", `${what}: it is longer than ${MAX_ANSWER_BYTES} bytes`);
    }
    throw new NetworkError("reset", `${what}: the connection broke`, { cause });
  }
}
