import assert from "node:assert/strict";
import { test } from "node:test";
import type { Report } from "../../../src/copy/model.ts";
import { NetworkError } from "../../../src/errors.ts";
import type { HttpRequest, Runtime, UploadRequest } from "../../../src/runtime.ts";
import { fakeCli } from "../fake_cli.ts";
import type { FakeCli } from "../fake_cli.ts";
import { DESTINATION, plan, report, SOURCE } from "../samples.ts";

const SECRET = "hunter2";

/** A program whose engine sends a few requests while it copies. */
function requestingCli(isTerminal = false): FakeCli {
  const request = (method: string, url: string): HttpRequest => ({
    method,
    url: new URL(url),
    headers: new Headers({ authorization: SECRET }),
  });
  const cli: FakeCli = fakeCli({
    isTerminal,
    engine: {
      async copy(_, { emit } = {}): Promise<Report> {
        const runtime = cli.engines[0]?.runtime;
        emit?.({ type: "plan", plan });
        await runtime?.fetch(
          request("GET", `https://me:${SECRET}@a.io/v2/b/manifests/1?ns=${SECRET}`),
        );
        await runtime?.fetch({ ...request("PATCH", "http://a.io/v2/"), body: "four" });
        await runtime?.upload({
          ...request("PUT", `https://s3.example/x?X-Amz-Signature=${SECRET}`),
          body: new Response(),
          sizeBytes: 2048,
        });
        await runtime?.fetch(request("GET", "https://b.io/fails")).catch(() => {});
        return report;
      },
    },
  });
  cli.environment.createRuntime = () => Promise.resolve(fakeRuntime());
  return cli;
}

function fakeRuntime(): Runtime {
  let nowMs = 0;
  return {
    name: "node",
    now: () => nowMs,
    fetch({ url }: HttpRequest): Promise<Response> {
      nowMs += 12;
      const error = new NetworkError("reset", `GET https://b.io/fails?x=${SECRET} broke`);
      if (url.host === "b.io") return Promise.reject(error);
      return Promise.resolve(new Response("12", { headers: { "content-length": "2" } }));
    },
    upload(_: UploadRequest): Promise<Response> {
      nowMs += 1500;
      return Promise.resolve(new Response(undefined, { status: 201 }));
    },
  } as Partial<Runtime> as Runtime;
}

const LINES = [
  "request: GET https://a.io/v2/b/manifests/1 200 12 ms received 2 B",
  "request: PATCH http://a.io/v2/ 200 12 ms sent 4 B received 2 B",
  "request: PUT https://s3.example/x 201 1.5 s sent 2.0 KiB",
  "request: GET https://b.io/fails no response 12 ms: GET https://b.io/fails broke",
];

for (
  const argv of [["copy", "-v"], ["copy", "--verbose"], ["copy", "--debug"], ["-v", "copy"], [
    "cp",
    "-qv",
  ]]
) {
  test(`crossdock ${argv.join(" ")} logs each request without secrets`, async () => {
    const { exitCode, stderr } = await requestingCli().run(...argv, SOURCE, DESTINATION);
    assert.deepEqual(stderr.trimEnd().split("\n"), LINES);
    assert.equal(exitCode, 0);
  });
}

test("crossdock copy logs no request", async () => {
  const { stderr } = await requestingCli().run("copy", SOURCE, DESTINATION);
  assert.equal(stderr, "");
});

test("crossdock copy -v writes its lines above the progress bars", async () => {
  const { stderr } = await requestingCli(true).run("copy", "-v", SOURCE, DESTINATION);
  for (const line of LINES) {
    assert.match(stderr, new RegExp(`(^|\\x1b\\[2K|\\x1b\\[J|\\n)${escape(line)}\n`));
  }
});

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
