/** Proxies, CAs, connections that end, and hosts that are not the registry. */
import assert from "node:assert/strict";
import { certificate } from "../../hosts/certificate.ts";
import { putImage } from "../../support/image.ts";
import { startProxy } from "../../support/proxy_server.ts";
import { copies, discard, fails, MIB, refusal, startPair } from "../attempts.ts";
import type { Pair } from "../attempts.ts";
import type { Attempt, FaultCase } from "../fault_case.ts";
import { startForgetfulFront, startTlsFront } from "../fronts.ts";
import type { Scene } from "../scene.ts";

function portOf(host: string): string {
  return host.split(":")[1] ?? "";
}

/** An image of 9 MiB, 2 MiB or less, whose uploads take different ways. */
async function putLarge(pair: Pair, layerBytes: number = 9 * MIB): Promise<{ digest: string }> {
  return (await putImage(pair.source, "app", { tag: "1", layers: 1, layerBytes })).descriptor;
}

/** On a busy machine a transfer through the proxy has stalled once. This is shorter than the limit of the whole run. */
const PROXY_TIMEOUT_MS = 15_000;

const onlyByProxy = [100_000, 2 * MIB, 9 * MIB].flatMap((layerBytes): FaultCase[] => {
  const size = `${Math.floor(layerBytes / 1000)}k`;
  return [
    {
      id: `http-proxy-${size}`,
      situation:
        `Only the proxy of HTTP_PROXY knows both names. The layer has ${layerBytes} bytes.`,
      on: ["deno"],
      async start(scene): Promise<Attempt> {
        const pair = await startPair(scene);
        const image = await putLarge(pair, layerBytes);
        const proxy = scene.use(await startProxy());
        return copies(
          {
            ...pair,
            sourceHost: `src.registry.test:${portOf(pair.source.host)}`,
            destinationHost: `dst.registry.test:${portOf(pair.destination.host)}`,
          },
          image,
          {
            env: { HTTP_PROXY: proxy.url, http_proxy: proxy.url },
            timeoutMs: PROXY_TIMEOUT_MS,
            flags: ["--src-tls", "off", "--dest-tls", "off"],
          },
        );
      },
    },
    {
      id: `https-proxy-connect-${size}`,
      situation:
        `HTTPS registries that only the proxy of HTTPS_PROXY knows, with --src-tls and --dest-tls unverified. The layer has ${layerBytes} bytes.`,
      needs: ["crossdock"],
      on: ["deno"],
      async start(scene): Promise<Attempt> {
        const pair = await startPair(scene, { destination: { location: "relative" } });
        const image = await putLarge(pair, layerBytes);
        const proxy = scene.use(await startProxy());
        const [from, to] = [
          scene.use(await startTlsFront(pair.source)),
          scene.use(await startTlsFront(pair.destination)),
        ];
        return copies(
          {
            ...pair,
            sourceHost: `src.registry.test:${from.port}`,
            destinationHost: `dst.registry.test:${to.port}`,
          },
          image,
          {
            env: { HTTPS_PROXY: proxy.url },
            timeoutMs: PROXY_TIMEOUT_MS,
            flags: ["--src-tls", "unverified", "--dest-tls", "unverified"],
          },
        );
      },
    },
  ];
});

/** A destination with TLS by the tests' certificate. */
async function behindTls(scene: Scene, isRelative: boolean): Promise<Pair> {
  const location = isRelative ? "relative" : "absolute";
  const pair = await startPair(scene, { destination: { location } });
  const front = scene.use(await startTlsFront(pair.destination));
  return { ...pair, destinationHost: `localhost:${front.port}` };
}

const tls: readonly FaultCase[] = [
  {
    id: "private-ca-by-ssl-cert-file",
    situation: "The destination has a certificate of a private CA, which SSL_CERT_FILE names.",
    needs: ["crossdock"],
    on: ["deno"],
    async start(scene): Promise<Attempt> {
      const pair = await behindTls(scene, true);
      const file = await scene.writeFile("ca.pem", certificate.cert);
      const env = { SSL_CERT_FILE: file };
      return copies(pair, await putLarge(pair), { env, flags: ["--dest-tls", "on"] });
    },
  },
  {
    id: "private-ca-by-flag",
    situation: "The destination has a certificate of a private CA, which --dest-ca names.",
    needs: ["crossdock"],
    on: ["deno"],
    async start(scene): Promise<Attempt> {
      const pair = await behindTls(scene, true);
      const file = await scene.writeFile("ca.pem", certificate.cert);
      return copies(pair, await putLarge(pair), { flags: ["--dest-tls", "on", "--dest-ca", file] });
    },
  },
  {
    id: "private-ca-unknown",
    situation:
      "The destination has a certificate of an unknown CA. The message must name --dest-ca.",
    needs: ["crossdock"],
    on: ["deno"],
    async start(scene): Promise<Attempt> {
      const pair = await behindTls(scene, true);
      await putLarge(pair, 1000);
      const failure = { codes: [8], text: /not trusted[\s\S]*--dest-ca/ };
      return fails(pair, failure, { flags: ["--dest-tls", "on"] });
    },
  },
  {
    id: "location-http-behind-tls",
    situation: "A registry behind TLS returns upload Locations with http:// on the same port.",
    needs: ["crossdock"],
    on: ["deno"],
    async start(scene): Promise<Attempt> {
      const pair = await behindTls(scene, false);
      return copies(pair, await putLarge(pair), { flags: ["--dest-tls", "unverified"] });
    },
  },
  {
    id: "plain-http-to-tls-port",
    situation: "The destination speaks TLS, and the tool plain HTTP. The message must name TLS.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      await putLarge(pair, 1000);
      const text = "Client sent an HTTP request to an HTTPS server.\n";
      const { host } = await scene.serve(() => new Response(text, { status: 400 }));
      return fails({ ...pair, destinationHost: host }, { codes: [8, 11], text: /TLS/ });
    },
  },
];

const others: readonly FaultCase[] = [
  {
    id: "no-proxy-network",
    situation:
      "HTTP_PROXY is set, and NO_PROXY has the network of the registries: the proxy gets nothing.",
    on: ["deno"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const image = await putLarge(pair, 2 * MIB);
      const proxy = scene.use(await startProxy());
      return copies(pair, image, {
        env: {
          HTTP_PROXY: proxy.url,
          HTTPS_PROXY: proxy.url,
          NO_PROXY: "127.0.0.0/8,.test",
          // Deno itself may look for a new version.
          DENO_NO_UPDATE_CHECK: "1",
        },
        also: () => assert.deepEqual(proxy.requests, []),
      });
    },
  },
  ...(["after an answer", "at the next request"] as const).map((closing): FaultCase => ({
    id: `connections-closed-${closing.replaceAll(" ", "-")}`,
    situation: `The destination closes kept connections ${closing}, without Connection: close.`,
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene, { destination: { location: "relative" } });
      const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
      const front = scene.use(await startForgetfulFront(pair.destination, closing));
      return copies({ ...pair, destinationHost: `127.0.0.1:${front.port}` }, descriptor);
    },
  })),
  {
    id: "not-a-registry",
    situation:
      "The destination is a web site that answers 404 with a page. The message must name it.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      await putLarge(pair, 1000);
      const { host } = await scene.serve(async (request) => {
        await discard(request);
        const headers = { "content-type": "text/html" };
        return new Response("<html>page not found</html>", { status: 404, headers });
      });
      const text = new RegExp(host);
      return fails({ ...pair, destinationHost: host }, { codes: [4, 11], text });
    },
  },
  {
    id: "web-site-200",
    situation:
      "The destination is a web site that answers 200 with a page to every request. It must be no success.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      await putLarge(pair, 1000);
      const { host } = await scene.serve(async (request) => {
        scene.hit();
        await discard(request);
        return new Response("<html></html>", { headers: { "content-type": "text/html" } });
      });
      return fails({ ...pair, destinationHost: host }, { codes: [11], text: /answered 200/ });
    },
  },
  ...([[401, [11]], [403, [11]], [404, [11]], [429, [11]]] as const).map((
    [status, codes],
  ): FaultCase => ({
    id: `storage-${status}`,
    situation:
      `Blobs are redirected to storage that answers ${status}. The message must name the storage, and the exit code not blame the registry.`,
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      await putLarge(pair, 1000);
      const storage = await scene.serve(() =>
        new Response("<Error><Code>AccessDenied</Code><Secret>hunter2</Secret></Error>", { status })
      );
      const action = { redirect: `${storage.url}/x?sig=hunter2` };
      scene.fail(pair.source, { method: "GET", path: "/blobs/", action });
      return fails(pair, { codes, text: new RegExp(storage.host) }, {
        also({ output, isCrossdock }): void {
          if (isCrossdock) assert.doesNotMatch(output, /hunter2/, "the text of another origin");
        },
      });
    },
  })),
  {
    id: "denied-without-credential",
    situation:
      "The source answers 403 DENIED, and there is no credential. The message must say that none was sent.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      await putLarge(pair, 1000);
      const { host } = await scene.serve(() => refusal(403, "DENIED", "access is denied"));
      return fails({ ...pair, sourceHost: host }, { codes: [3], text: /credential/ });
    },
  },
];

export const cases: readonly FaultCase[] = [...onlyByProxy, ...tls, ...others];
