/** What the tests of the options share: an engine that keeps its requests, files, and a table of wrong command lines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Plan, Report } from "../../../src/copy/model.ts";
import { toCopyRequestInput } from "../../../src/copy/request.ts";
import type { CopyRequestInput } from "../../../src/copy/request.ts";
import type { Engine } from "../../../src/engine.ts";
import type { SideOptions, TlsMode } from "../../../src/sides.ts";
import { fakeCli } from "../fake_cli.ts";
import type { FakeCliOptions } from "../fake_cli.ts";
import { DESTINATION, plan, report, SOURCE } from "../samples.ts";

/** The names of an image and where to copy it. */
export const both = [SOURCE, DESTINATION];

export const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
export const KEY = "-----BEGIN EC PRIVATE KEY-----\nMIGH\n-----END EC PRIVATE KEY-----\n";
const LOCKED =
  "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n-----END RSA PRIVATE KEY-----\n";
export const files = {
  "/ca.pem": `# ours\n${PEM}# theirs\n${PEM}`,
  "/not.pem": "no",
  "/bad.json": "{",
  "/key.pem": KEY,
  "/both.pem": `${PEM}${KEY}`,
  "/locked.pem": LOCKED,
  "/certs/ours.crt": PEM,
  "/certs/me.cert": PEM,
  "/certs/me.key": KEY,
  "/lone/me.cert": PEM,
  "/two/a.cert": PEM,
  "/two/b.cert": PEM,
  "/none/readme": "",
};

/** An engine that keeps what it is asked to copy or plan. */
export function recordingEngine(): { engine: Partial<Engine>; requests: CopyRequestInput[] } {
  const requests: CopyRequestInput[] = [];
  return {
    requests,
    engine: {
      copy(request): Promise<Report> {
        requests.push(toCopyRequestInput(request));
        return Promise.resolve(report);
      },
      plan(request): Promise<Plan> {
        requests.push(toCopyRequestInput(request));
        return Promise.resolve(plan);
      },
    },
  };
}

type Case = readonly [argv: readonly string[], wanted: RegExp, more?: FakeCliOptions];

/** Tests that each command line is rejected in one sentence before any request. */
export function testRejected(cases: readonly Case[]): void {
  for (const [argv, wanted, more] of cases) {
    const name = `crossdock ${argv.join(" ")}${
      more?.env || more?.files ? " with a bad config" : ""
    }`;
    test(`${name} is rejected in one sentence before any request`, async () => {
      const cli = fakeCli({ files, ...more });
      const { exitCode, stdout, stderr } = await cli.run(...argv);
      assert.match(stderr, wanted);
      assert.ok(
        stderr.split("\n").filter((line) => !/^(cause|usage): /.test(line)).length <= 3,
        stderr,
      );
      assert.equal(stdout, "");
      assert.equal(exitCode, 2);
      assert.deepEqual(cli.engines, []);
    });
  }
}

/** The TLS mode of a side for a registry. */
export function tlsOf({ tls }: SideOptions = {}, registry: string): TlsMode | undefined {
  return typeof tls === "function" ? tls(registry) : tls;
}
