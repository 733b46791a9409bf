/**
 * Checks for blobs and opens them for reading, from any byte offset.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs
 */
import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { explainBody } from "../streams/explain_body.ts";
import type { RepositoryContext } from "./repository_context.ts";
import { isUnansweredCheck } from "./unanswered.ts";

/**
 * Checks for a blob by HEAD. If HEAD fails, sends a GET and discards its body: a registry may not support HEAD, and the storage
 * that it redirects to may deny it.
 */
export async function hasBlob(
  { client, path, name, send }: RepositoryContext,
  descriptor: Descriptor,
  { signal }: CallOptions,
): Promise<boolean> {
  const request = {
    target: path(`blobs/${descriptor.digest}`),
    what: `check for blob ${descriptor.digest} in ${name}`,
    accept: [200, 404],
    signal,
  };
  const response = await send({ method: "HEAD", ...request }).catch(async (error) => {
    if (!isUnansweredCheck(client, error)) throw error;
    return await send({ method: "GET", ...request, mayRepeat: !error.isTemporary });
  });
  await response.body?.cancel();
  return response.status === 200;
}

/** Opens a blob. If the registry lacks a foreign layer, tries the URLs in its descriptor, without credentials. */
export async function openBlob(
  context: RepositoryContext,
  descriptor: Descriptor,
  { signal, offset = 0 }: CallOptions & { offset?: number },
): Promise<Response> {
  const urls = descriptor.urls ?? [];
  const { client, path, name, access, send } = context;
  const what = `read blob ${descriptor.digest} of ${name}`;
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  // go-containerregistry's registry answers 416 to a range without an end ("bytes=5-").
  if (offset > 0) headers.range = `bytes=${offset}-${descriptor.size - 1}`;
  const accept = offset > 0 ? [206] : [200];
  const request = { method: "GET" as const, what, access, headers, signal };
  let response = await send({
    ...request,
    target: path(`blobs/${descriptor.digest}`),
    accept: urls.length > 0 ? [...accept, 404] : accept,
  });
  for (let i = 0; response.status === 404 && i < urls.length; i++) {
    await response.body?.cancel();
    const isLast = i === urls.length - 1;
    const target = parseForeignUrl(urls[i] ?? "", what);
    response = await send({
      ...request,
      target,
      kind: "foreign-layer",
      accept: isLast ? accept : [...accept, 404],
    });
  }
  try {
    checkResponse(response, descriptor, offset, what, client.runtime.givesRawBodies);
  } catch (error) {
    await response.body?.cancel();
    throw error;
  }
  return response;
}

function parseForeignUrl(text: string, what: string): URL {
  const url = URL.parse(text);
  if (
    url && (url.protocol === "https:" || url.protocol === "http:") && !url.username && !url.password
  ) return url;
  throw new CrossdockError(
    "registry",
    `${what}: the URL of its foreign layer is not an http(s) URL`,
    {
      side: "source",
    },
  );
}

function checkResponse(
  response: Response,
  descriptor: Descriptor,
  offset: number,
  what: string,
  givesRawBodies: boolean,
): void {
  const encoding = response.headers.get("content-encoding");
  const isEncoded = encoding !== null && encoding !== "" && encoding !== "identity";
  if (isEncoded && !givesRawBodies) {
    throw new CrossdockError(
      "integrity",
      `${what}: the response has Content-Encoding ${encoding}, expected identity`,
      {
        side: "source",
        hint: "a proxy before the registry compresses blobs; turn off compression there",
      },
    );
  }
  const length = response.headers.get("content-length");
  const expected = descriptor.size - offset;
  if (length !== null && !isEncoded && Number(length) !== expected) {
    throw new CrossdockError(
      "integrity",
      `${what}: the response has ${length} bytes, expected ${expected} by its descriptor` +
        explainBody(response),
      {
        side: "source",
      },
    );
  }
  const range = response.headers.get("content-range");
  if (offset > 0 && !range?.startsWith(`bytes ${offset}-`)) {
    throw new CrossdockError(
      "registry",
      `${what}: requested the bytes from ${offset}, got Content-Range ${range}` +
        explainBody(response),
      { side: "source" },
    );
  }
}
