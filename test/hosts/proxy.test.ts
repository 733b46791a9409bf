import { test } from "node:test";
import assert from "node:assert/strict";
import { CrossdockError } from "../../src/errors.ts";
import { proxyFor } from "../../src/hosts/proxy.ts";
import { hasProxySettings } from "../../src/hosts/proxy_variables.ts";
import { setEnvironment } from "../support/environment.ts";

const UNSET = Object.fromEntries(
  ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"]
    .flatMap((name) => [[name, undefined], [name.toLowerCase(), undefined]]),
);

function proxyWith(values: Record<string, string>, url: string): string | undefined {
  using _ = setEnvironment({ ...UNSET, ...values });
  return proxyFor(new URL(url))?.url.href;
}

test("proxyFor() selects by the scheme of the URL", () => {
  const both = { HTTP_PROXY: "http://a:1", HTTPS_PROXY: "http://b:2" };
  for (
    const [values, url, expected] of [
      [{}, "https://r.example", undefined],
      [both, "http://r.example", "http://a:1/"],
      [both, "https://r.example", "http://b:2/"],
      [{ HTTP_PROXY: "http://a:1" }, "https://r.example", undefined],
      [
        { HTTPS_PROXY: "http://a:1", https_proxy: "http://c:3" },
        "https://r.example",
        "http://c:3/",
      ],
      [{ HTTPS_PROXY: "a:1" }, "https://r.example", "http://a:1/"],
      [{ HTTPS_PROXY: "http://u:p%40@a" }, "https://r.example", "http://u:p%40@a/"],
      [{ HTTPS_PROXY: " " }, "https://r.example", undefined],
      [{ ALL_PROXY: "http://a:1" }, "http://r.example", "http://a:1/"],
      [{ ALL_PROXY: "http://a:1", HTTP_PROXY: "http://b:2" }, "http://r.example", "http://b:2/"],
    ] as [Record<string, string>, string, string | undefined][]
  ) {
    assert.equal(proxyWith(values, url), expected, `${JSON.stringify(values)} ${url}`);
  }
});

test("proxyFor() connects directly to the hosts of NO_PROXY", () => {
  for (
    const [exceptions, url, isDirect] of [
      ["*", "https://r.example", true],
      ["r.example", "https://r.example", true],
      ["R.Example", "https://r.example.", true],
      ["example", "https://r.example", true],
      [".example", "https://r.example", true],
      ["*.example", "https://a.r.example", true],
      ["ample", "https://r.example", false],
      ["r.example:443", "https://r.example", true],
      ["r.example:5000", "https://r.example:5000", true],
      ["r.example:5000", "https://r.example", false],
      ["a.example, r.example", "http://r.example", true],
      ["a.example r.example", "http://r.example", true],
      ["127.0.0.0/8", "http://127.0.0.1:5000", true],
      ["10.0.0.0/8", "http://127.0.0.1:5000", false],
      ["127.0.0.1", "http://127.0.0.1:5000", true],
      ["127.0.0.1:5001", "http://127.0.0.1:5000", false],
      ["::1", "http://[::1]:5000", true],
      ["[::1]:5000", "http://[::1]:5000", true],
      ["[::1]:5001", "http://[::1]:5000", false],
      ["fd00::/8", "http://[fd12::1]", true],
      ["0.0.0.0/0", "http://[fd12::1]", false],
      ["1.1", "http://127.0.1.1", false],
      ["", "http://r.example", false],
      [",,", "http://r.example", false],
    ] as [string, string, boolean][]
  ) {
    const values = { HTTP_PROXY: "http://a:1", HTTPS_PROXY: "http://a:1", NO_PROXY: exceptions };
    assert.equal(proxyWith(values, url) === undefined, isDirect, `${exceptions} ${url}`);
  }
});

test("proxyFor() rejects other kinds of proxies without quoting their passwords", () => {
  for (const value of ["socks5://u:secret@a:1080", "http://", "://secret", "http://a:secret:1"]) {
    assert.throws(() => proxyWith({ HTTPS_PROXY: value }, "https://r.example"), (error) => {
      assert.ok(error instanceof CrossdockError);
      assert.match(error.message, /^HTTPS_PROXY is not the URL of an HTTP proxy$/);
      assert.match(error.hint ?? "", /HTTPS_PROXY to http:\/\/HOST:PORT/);
      return true;
    }, value);
  }
});

test("hasProxySettings() looks at each variable", () => {
  const has = (values: Record<string, string>): boolean => {
    using _ = setEnvironment({ ...UNSET, ...values });
    return hasProxySettings();
  };
  assert.equal(has({ NO_PROXY: "x" }), false);
  for (const name of ["http_proxy", "HTTPS_PROXY", "all_proxy"]) {
    assert.equal(has({ [name]: "http://a" }), true, name);
  }
});
