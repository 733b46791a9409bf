/** The command line in a network whose registries fail, each in its own way, for docs/troubleshooting.md. */
import { toNetworkError } from "../../src/hosts/network_failure.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import type { HttpRequest, Runtime } from "../../src/runtime.ts";
import { engineCli } from "../cli/engine_cli.ts";
import { putIndex } from "../support/image.ts";
import { createRegistry } from "../support/registry.ts";
import type { EmbeddedRegistry } from "../support/registry.ts";

/**
 * Runs a command and returns what it prints, with short digests, and without the lines about retries, which have random times.
 */
export async function runInWorld(argv: readonly string[]): Promise<string> {
  const world = await createWorld();
  const cli = engineCli();
  cli.environment.createRuntime = async (): Promise<Runtime> => {
    const runtime = await createRuntime();
    return {
      ...runtime,
      fetch: (request) => answer(request, world),
      upload: ({ body: _, ...request }) => answer(request, world),
      sleep: () => Promise.resolve(),
    };
  };
  const { stdout, stderr } = await cli.run(...argv);
  return `${stdout}${stderr}`.replaceAll(/^retry .*\n/gm, "")
    .replaceAll(/(sha256:[0-9a-f]{8})[0-9a-f]{56}/g, "$1…");
}

/** Registries that work, by host. */
type World = Readonly<Record<string, EmbeddedRegistry>>;

async function createWorld(): Promise<World> {
  const world = {
    "registry-1.docker.io": createRegistry({ catalog: false }),
    "quay.io": createRegistry(),
    "registry.example.com": createRegistry(),
  };
  const platforms = ["linux/amd64", "linux/arm64"];
  await putIndex(world["registry-1.docker.io"], "library/alpine", { tag: "3.22", platforms });
  await putIndex(world["quay.io"], "acme/app", { tag: "1.4", platforms });
  await putIndex(world["registry.example.com"], "mirror/app", { tag: "1.4", platforms });
  return world;
}

/** What the host reports for a connection that fails, as recorded with Deno 2.9. */
const FAILURES: Readonly<Record<string, string>> = {
  "registry.exmaple.com":
    "dns error: failed to lookup address information: Name or service not known",
  "registry.example.com:5001": "tcp connect error: Connection refused (os error 111)",
  "registry.example.com:5000": "received corrupt message of type InvalidContentType",
  "harbor.example.com": "self-signed certificate",
};

/** Statuses and errors of registries that refuse, by host and the beginning of the repository. */
const REFUSALS: Readonly<Record<string, readonly [status: number, code: string, message: string]>> =
  {
    "registry-1.docker.io/library/alpin/": [401, "UNAUTHORIZED", "authentication required"],
    "registry-1.docker.io/library/nginx/": [
      429,
      "TOOMANYREQUESTS",
      "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
    ],
    "ghcr.io/acme/": [403, "DENIED", "requested access to the resource is denied"],
  };

async function answer({ url, ...request }: HttpRequest, world: World): Promise<Response> {
  const failure = FAILURES[url.host];
  if (failure !== undefined) throw toNetworkError(new Error(failure), url);
  if (url.host === "mirror.example.com") {
    const proxy = { url: new URL("http://proxy.example.com:3128"), variable: "HTTPS_PROXY" };
    throw toNetworkError(new Error("connect ECONNREFUSED 192.0.2.7:3128"), url, proxy);
  }
  if (url.pathname === "/token") return Response.json({ token: "anonymous" });
  const path = url.pathname.replace(/^\/v2\//, `${url.host}/`);
  const refusal = Object.entries(REFUSALS).find(([start]) => path.startsWith(start))?.[1];
  if (refusal) return refuse(...refusal, url);
  switch (url.host) {
    case "gitlab.example.com":
      return new Response("<!doctype html>", {
        status: 404,
        headers: { "content-type": "text/html" },
      });
    case "123456789012.dkr.ecr.eu-central-1.amazonaws.com":
      return answerImmutable(request.method, url);
    case "cleaned.example.com":
      return answerIncomplete(request.method, url);
    case "proxied.example.com":
      return await answerSmall(request.method, url, world);
    case "broken.example.com":
      if (url.pathname.includes("/blobs/")) {
        return refuse(404, "BLOB_UNKNOWN", "blob unknown to registry", url);
      }
      return await world["quay.io"]?.fetch(toRequest(url, request)) ?? Response.error();
    default:
      return await world[url.host]?.fetch(toRequest(url, request)) ?? Response.error();
  }
}

function toRequest(url: URL, { method, headers, body }: Omit<HttpRequest, "url">): Request {
  return new Request(url, { method, headers, body: body ?? null });
}

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
};

function refuse(
  status: number,
  code: string,
  message: string,
  url: URL,
  detail?: string,
): Response {
  return Response.json({ errors: [{ code, message, ...(detail ? { detail } : {}) }] }, {
    status,
    statusText: STATUS_TEXTS[status] ?? "",
    headers: {
      "docker-distribution-api-version": "registry/2.0",
      "www-authenticate": `Bearer realm="${url.origin}/token",service="${url.host}"`,
    },
  });
}

/** A registry that has all blobs, and the tag with another image, which it does not move. */
function answerImmutable(method: string, url: URL): Response {
  if (url.pathname.includes("/blobs/")) return present(method, url);
  if (method !== "PUT") return refuse(404, "MANIFEST_UNKNOWN", "manifest unknown", url);
  return url.pathname.includes("sha256:") ? new Response(null, { status: 201 }) : refuse(
    400,
    "TAG_INVALID",
    "The image tag '1.4' already exists in the 'app' repository and cannot be overwritten because the repository is immutable.",
    url,
  );
}

/** A registry whose garbage collection removed a blob that it still reports. */
function answerIncomplete(method: string, url: URL): Response {
  if (url.pathname.includes("/blobs/")) return present(method, url);
  if (method !== "PUT") return refuse(404, "MANIFEST_UNKNOWN", "manifest unknown", url);
  const digest = `sha256:${"a".repeat(64)}`;
  return refuse(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", url, digest);
}

/** A registry behind a proxy that limits the size of requests. It has all blobs but one layer, so that always the same one fails. */
async function answerSmall(method: string, url: URL, world: World): Promise<Response> {
  const digest = /\/blobs\/(sha256:.*)$/.exec(url.pathname)?.[1];
  if (digest !== undefined && digest !== await findLayer(world)) return present("HEAD", url);
  if (method === "POST") {
    const headers = { location: `${url.pathname}upload` };
    return new Response(null, { status: 202, headers });
  }
  if (method === "PUT" || method === "PATCH") {
    return new Response("<html>", { status: 413, statusText: "Payload Too Large" });
  }
  return refuse(404, "MANIFEST_UNKNOWN", "manifest unknown", url);
}

/** The first layer of the image, in the order of digests. */
async function findLayer(world: World): Promise<string | undefined> {
  for (const digest of world["quay.io"]?.blobs("acme/app").toSorted() ?? []) {
    const blob = await world["quay.io"]?.getBlob("acme/app", digest);
    if (blob && blob.byteLength >= 500) return digest;
  }
  return undefined;
}

function present(method: string, url: URL): Response {
  if (method === "POST") {
    return new Response(null, { status: 201, headers: { location: url.pathname } });
  }
  return new Response(null, { status: 200, headers: { "content-length": "1" } });
}
