import { CrossdockError, NetworkError, SilenceError } from "../errors.ts";
import { readBody } from "../streams/chunk_reader.ts";
import { limitSilence } from "../streams/silence.ts";
import { toBytes } from "../streams/to_bytes.ts";

/** The largest tokens seen are JWTs of a few KiB; ACR's reach 10. */
const MAX_ANSWER_BYTES = 1024 * 1024;

const ANSWER_TIMEOUT_MS = 60_000;

/**
 * Reads the JSON object that a token server answers with.
 *
 * @param server who answers, for errors: `token server auth.docker.io`
 * @throws CrossdockError `registry` for anything that is no JSON object, `limit` above 1 MiB; NetworkError or SilenceError
 * when the body breaks off or stalls. None holds any of the text, which may be a token.
 */
export async function readAnswer(
  response: Response,
  server: string,
): Promise<Record<string, unknown>> {
  const text = new TextDecoder().decode(await readBounded(response, server));
  try {
    const answer = JSON.parse(text);
    if (typeof answer === "object" && answer !== null) return answer;
  } catch {
    // The text may hold a token: it is neither shown nor kept as a cause.
  }
  throw new CrossdockError("registry", `${server} answered something that is no JSON object`);
}

async function readBounded(response: Response, server: string): Promise<Uint8Array<ArrayBuffer>> {
  const what = `read the answer of ${server}`;
  const toSilence = (): Error => new SilenceError(what, ANSWER_TIMEOUT_MS);
  const reader = limitSilence(readBody(response), ANSWER_TIMEOUT_MS, toSilence);
  try {
    return await toBytes(reader, MAX_ANSWER_BYTES);
  } catch (cause) {
    if (cause instanceof CrossdockError) throw cause;
    if (cause instanceof RangeError) throw new CrossdockError("limit", `${what}: it is too long`);
    throw new NetworkError("reset", `${what}: the connection broke`, { cause });
  }
}
