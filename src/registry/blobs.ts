/**
 * Reading blobs: whether one is there, and its bytes from any offset on.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs
 */
import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { RepositoryContext } from "./repository_context.ts";

/** HEAD; a registry that refuses it is asked by a GET whose body is let go. */
export async function hasBlob(
  { path, name, send }: RepositoryContext,
  descriptor: Descriptor,
  { signal }: CallOptions,
): Promise<boolean> {
  const request = {
    target: path(`blobs/${descriptor.digest}`),
    what: `look for blob ${descriptor.digest} in ${name}`,
    accept: [200, 404, 405, 501],
    signal,
  };
  let response = await send({ method: "HEAD", ...request });
  if (response.status === 405 || response.status === 501) {
    response = await send({ method: "GET", ...request, accept: [200, 404] });
  }
  await response.body?.cancel();
  return response.status === 200;
}

/** Opens a blob. Where the registry does not have a foreign layer, the URLs in its descriptor are tried, without credentials. */
export async function openBlob(
  context: RepositoryContext,
  descriptor: Descriptor,
  { signal, offset = 0 }: CallOptions & { offset?: number },
): Promise<Response> {
  const urls = descriptor.urls ?? [];
  const { client, path, name, access, send } = context;
  const what = `read blob ${descriptor.digest} of ${name}`;
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  // An open end ("bytes=5-") is answered with 416 by go-containerregistry's registry.
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
    checkAnswer(response, descriptor, offset, what, client.runtime.givesRawBodies);
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
  throw new CrossdockError("registry", `${what}: the URL of its foreign layer is no http(s) URL`, {
    side: "source",
  });
}

function checkAnswer(
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
      `${what}: it came encoded as ${encoding}, which was not asked for`,
      {
        side: "source",
        hint: "something before the registry compresses blobs; have it leave them alone",
      },
    );
  }
  const length = response.headers.get("content-length");
  const wanted = descriptor.size - offset;
  if (length !== null && !isEncoded && Number(length) !== wanted) {
    throw new CrossdockError(
      "integrity",
      `${what}: it has ${length} bytes, not ${wanted} as its descriptor says`,
      {
        side: "source",
      },
    );
  }
  const range = response.headers.get("content-range");
  if (offset > 0 && !range?.startsWith(`bytes ${offset}-`)) {
    throw new CrossdockError(
      "registry",
      `${what}: asked from byte ${offset}, got the range ${range}`,
      { side: "source" },
    );
  }
}
