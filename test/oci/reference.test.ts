import { test } from "node:test";
import assert from "node:assert/strict";
import { ParseError } from "../../src/errors.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import {
  equalRepositories,
  formatReference,
  isLocal,
  isLoopbackRegistry,
  isRepositoryPath,
  isTag,
  parseReference,
  parseRegistry,
  parseRepository,
  registryEndpointHost,
  withDefaultTag,
} from "../../src/oci/reference.ts";
import type { Reference } from "../../src/oci/reference.ts";

const HEX = "0123456789abcdef".repeat(4);
const DIGEST = parseDigest(`sha256:${HEX}`);
const DIGEST512 = parseDigest(`sha512:${HEX}${HEX}`);

/** Text, then what it is in full. */
const GOOD: [text: string, full: string][] = [
  ["alpine", "docker.io/library/alpine"],
  ["docker://alpine", "docker.io/library/alpine"],
  ["alpine:3.20", "docker.io/library/alpine:3.20"],
  [`alpine@${DIGEST}`, `docker.io/library/alpine@${DIGEST}`],
  [`docker://alpine:3.20@${DIGEST}`, `docker.io/library/alpine:3.20@${DIGEST}`],
  [`ghcr.io/a/b@${DIGEST512}`, `ghcr.io/a/b@${DIGEST512}`],
  ["library/alpine", "docker.io/library/alpine"],
  ["bitnami/redis", "docker.io/bitnami/redis"],
  ["a/b/c", "docker.io/a/b/c"],
  ["docker.io/alpine", "docker.io/library/alpine"],
  ["docker.io/library/alpine", "docker.io/library/alpine"],
  ["docker.io/bitnami/redis:7", "docker.io/bitnami/redis:7"],
  ["index.docker.io/alpine", "docker.io/library/alpine"],
  ["index.docker.io/bitnami/redis", "docker.io/bitnami/redis"],
  ["registry-1.docker.io/alpine", "docker.io/library/alpine"],
  ["registry-1.docker.io/library/alpine", "docker.io/library/alpine"],
  ["Docker.IO/alpine", "docker.io/library/alpine"],
  ["ghcr.io/x", "ghcr.io/x"],
  ["ghcr.io/owner/name:v1", "ghcr.io/owner/name:v1"],
  ["docker:dind", "docker.io/library/docker:dind"],
  ["docker/docker", "docker.io/docker/docker"],
  ["docker:5000/x", "docker:5000/x"],
  ["oci", "docker.io/library/oci"],
  ["docker.io/library/oci:dir", "docker.io/library/oci:dir"],
  ["oci:5000/x", "oci:5000/x"],
  ["localhost/x", "localhost/x"],
  ["localhost:5000/x", "localhost:5000/x"],
  ["docker://localhost:5000/x/y:z", "localhost:5000/x/y:z"],
  ["LOCALHOST:5000/x", "localhost:5000/x"],
  ["Uppercase/lowercase/test", "Uppercase/lowercase/test"],
  ["registry:5000", "docker.io/library/registry:5000"],
  ["registry:5000/x", "registry:5000/x"],
  ["registry.example:443/x", "registry.example:443/x"],
  ["registry.example:1/x", "registry.example:1/x"],
  ["registry.example:65535/x", "registry.example:65535/x"],
  ["registry.example:05000/x", "registry.example:5000/x"],
  ["registry.example/x.y/z", "registry.example/x.y/z"],
  ["xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com/myimage:xn--n3h.com"],
  ["1-2.3-4.example/x", "1-2.3-4.example/x"],
  ["127.0.0.1:5000/docker/docker", "127.0.0.1:5000/docker/docker"],
  ["192.168.1.1/x", "192.168.1.1/x"],
  ["[::1]/x", "[::1]/x"],
  ["[::1]:5000/x:tag", "[::1]:5000/x:tag"],
  ["[2001:DB8::1]:5000/x", "[2001:db8::1]:5000/x"],
  ["[0:0:0:0:0:0:0:1]/x", "[::1]/x"],
  ["foo/foo_bar.com:8080", "docker.io/foo/foo_bar.com:8080"],
  ["foo__bar/x", "docker.io/foo__bar/x"],
  ["a-----------b/x", "docker.io/a-----------b/x"],
  ["x:A_b.C-1", "docker.io/library/x:A_b.C-1"],
  ["x:_", "docker.io/library/x:_"],
  [`x:${"t".repeat(128)}`, `docker.io/library/x:${"t".repeat(128)}`],
  [`example.com/${"a".repeat(255)}`, `example.com/${"a".repeat(255)}`],
  ["a".repeat(247), `docker.io/library/${"a".repeat(247)}`],
  [`library/${HEX}`, `docker.io/library/${HEX}`],
  [`${HEX}:latest`, `docker.io/library/${HEX}:latest`],
  [`x:sha256-${HEX}.sig`, `docker.io/library/x:sha256-${HEX}.sig`],
];

const BAD: [name: string, text: string, fault: RegExp, hint?: RegExp][] = [
  ["nothing", "", /it is empty/, /registry\/repository:tag/],
  ["docker:// alone", "docker://", /repository is missing/],
  ["a space", "ghcr.io/a b", /white space/],
  ["a space in front", " alpine", /white space/],
  ["a line feed at the end", "alpine\n", /white space/],
  ["a no-break space", "alpine\u00a0", /white space/],
  ["a NUL", "alpine\0", /not printable ASCII/],
  ["an escape", "alpine\x1b[2J", /not printable ASCII/],
  ["DEL", "alpine\x7f", /not printable ASCII/],
  ["a letter outside ASCII", "ghcr.io/ä", /not printable ASCII/],
  ["a letter outside ASCII in a tag", "x:é", /not printable ASCII/],
  ["https", "https://ghcr.io/x", /has no URL scheme/, /docker:\/\/ghcr\.io\/x/],
  ["HTTP", "HTTP://ghcr.io/x", /has no URL scheme/, /--src-tls off or --dest-tls off/],
  ["a misspelt transport", "dokcer://x", /unknown transport dokcer:/, /docker:\/\/x,/],
  ["an upper-case transport", "Docker://x", /unknown transport Docker:/, /docker:\/\/x/],
  ["one slash", "docker:/x", /expected two slashes/, /write docker:\/\/x$/],
  ["no slashes", "docker:x/y", /expected two slashes/, /write docker:\/\/x\/y$/],
  [
    "an unknown transport of a path",
    "ftp:///var/m",
    /unknown transport/,
    /docker:\/\/registry\/repository:tag,/,
  ],
  ["a URL of a file", "file:///m/a.tar", /it is a path/, /write docker-archive:\/m\/a\.tar for/],
  ["a URL of a file with one slash", "file:/m", /it is a path/, /oci:\/m for .* dir:\/m for/],
  ["a URL of a file in this folder", "file://m", /it is a path/, /write oci:m for/],
  [
    "a tar file here",
    "./a.tar",
    /it is a path/,
    /docker-archive:\.\/a\.tar .* oci-archive:\.\/a\.tar/,
  ],
  ["a compressed tar file", "../a.tar.gz", /it is a path/, /docker-archive:\.\.\/a\.tar\.gz/],
  ["a tar file at home", "~/a.tgz", /it is a path/, /docker-archive:\$HOME\/a\.tgz/],
  [
    "a tar file with a space",
    "/m/my image.tar",
    /it is a path/,
    /docker-archive:\/m\/my image\.tar/,
  ],
  ["a folder with another letter", "/ä", /it is a path/, /write oci:PATH for/],
  ["a folder of Windows", "C:\\m", /it is a path/, /write oci:C:\\m for/],
  ["the folder here", ".", /it is a path/, /write oci:\. for/],
  ["the folder above", "..", /it is a path/],
  ["three slashes", "docker:///x", /starts with a slash/],
  [
    "the daemon",
    "docker-daemon:alpine:latest",
    /docker-daemon: is not supported/,
    /run docker save alpine:latest -o image\.tar, then write docker-archive:image\.tar/,
  ],
  ["containers-storage", "containers-storage:x", /is not supported/, /run podman save x -o/],
  ["ostree", "ostree:x@/repo", /ostree: is not supported/, /copy it to oci:PATH with skopeo/],
  ["oci with slashes", "oci://ghcr.io/x", /no URL scheme/, /write ghcr\.io\/x, or oci:PATH/],
  ["an OCI layout without a path", "oci:", /the path is missing/, /write oci:PATH/],
  ["a layout at home", "oci:~/m:1", /does not expand ~/, /write oci:\$HOME\/m$/],
  ["an OCI layout with only a tag", "oci::1", /the path is missing/],
  ["an empty path of ocidir", "ocidir://", /the path is missing/],
  ["a layout with a wrong tag", "oci:./x:a b", /its tag "a b" is malformed/],
  ["a layout with a name that has no slash", "oci:./x:a:1", /its tag "a:1" is malformed/],
  ["a layout with a wrong digest", "oci:./x@sha256:12", /its digest is malformed: 2 digits/],
  ["a layout with a line feed", "oci:./x\n", /control character/],
  [
    "a registry alone, with a port",
    "localhost:5000",
    /repository is missing/,
    /registry\/repository/,
  ],
  ["localhost alone", "localhost", /repository is missing/],
  ["an IPv4 address alone", "127.0.0.1:5000", /repository is missing/],
  ["an IPv6 address alone", "[::1]:5000", /repository is missing/],
  ["a registry and a slash", "ghcr.io/", /repository is missing/],
  ["a registry and a tag", "ghcr.io/:v1", /repository is missing/],
  ["a registry and a digest", `localhost:5000/@${DIGEST}`, /repository is missing/],
  ["a tag alone", ":v1", /repository is missing/],
  ["a digest alone", DIGEST, /a digest without a repository/, /repository@sha256:0123/],
  ["an at sign and a digest alone", `@${DIGEST}`, /repository is missing/],
  ["a slash in front", "/x", /it is a path/, /write oci:\/x for/],
  ["a slash at the end", "ghcr.io/x/", /empty component/, /write ghcr\.io\/x$/],
  ["two slashes within", "ghcr.io/x//y", /empty component/, /write ghcr\.io\/x\/y$/],
  ["upper case", "Alpine", /upper-case letters/, /write alpine$/],
  [
    "upper case behind a registry",
    "ghcr.io/Owner/Name",
    /upper-case/,
    /write ghcr\.io\/owner\/name$/,
  ],
  ["upper case behind a name", "owner/Name", /upper-case/],
  ["dot dot", "ghcr.io/../x", /repository is malformed/],
  ["dot dot first", "../x", /it is a path/],
  ["a percent sign", "ghcr.io/x%2fy", /repository is malformed/],
  ["a query", "ghcr.io/x?y", /repository is malformed/],
  ["a hash", "ghcr.io/x#y", /repository is malformed/],
  ["a backslash", "ghcr.io/x\\y", /repository is malformed/],
  ["a dash in front", "-foo/bar", /repository is malformed/],
  ["a dash at the end", "foo-/bar", /repository is malformed/],
  ["three underscores", "foo___bar/x", /repository is malformed/],
  ["two dots", "foo/a..b", /repository is malformed/],
  ["a dot and an underscore", "foo/a._b", /repository is malformed/],
  ["an underscore in front", "_docker/x", /repository is malformed/],
  ["an empty tag", "alpine:", /tag is empty/, /leave the colon out/],
  ["an empty tag before a digest", `alpine:@${DIGEST}`, /tag is empty/],
  ["a tag with a dot in front", "alpine:.x", /tag "\.x" is malformed/],
  ["a tag with a dash in front", "alpine:-x", /tag "-x" is malformed/],
  ["a tag with a plus", "alpine:1+2", /tag "1\+2" is malformed/],
  ["a pattern for a tag", "alpine:3.*", /tag "3\.\*" is malformed/, /--all-tags/],
  ["two tags", "alpine:1:2", /tag "1:2" is malformed/, /a reference has one tag/],
  ["a tag too long", `alpine:${"t".repeat(129)}`, /tag has 129 characters, expected at most 128/],
  ["an empty digest", "alpine@", /digest is malformed: it has no algorithm/],
  ["a tag after an at sign", "alpine@3.20", /it has no algorithm/, /a colon: repository:3\.20$/],
  ["a short digest", "alpine@sha256:1234", /digest is malformed: 4 digits after sha256:/],
  ["an upper-case digest", `alpine@sha256:${HEX.toUpperCase()}`, /digest is malformed: .*lower/],
  ["an unknown algorithm", `alpine@md5:${HEX}`, /digest is malformed: unknown algorithm "md5"/],
  ["a path for a digest", "alpine@sha256:../../x", /digest is malformed/],
  ["two digests", `alpine@${DIGEST}@${DIGEST}`, /digest is malformed/],
  ["a tag after the digest", `alpine@${DIGEST}:x`, /digest is malformed/],
  ["64 hexadecimal digits", HEX, /a digest without a repository/, /repository@sha256:/],
  ["64 hexadecimal digits with docker://", `docker://${HEX}`, /a digest without a repository/],
  ["a repository of Docker Hub too long", "a".repeat(248), /256 characters, expected at most 255/],
  ["a repository too long", `a.io/${"a".repeat(256)}`, /256 characters, expected at most 255/],
  ["a reference too long", "a/".repeat(600), /1200 characters: it is too long/],
  ["port 0", "ghcr.io:0/x", /port "0" is out of range, expected 1 to 65535/],
  ["port 65536", "ghcr.io:65536/x", /port "65536" is out of range/],
  ["a port beyond numbers", `ghcr.io:${"9".repeat(400)}/x`, /out of range/],
  ["a port with letters", "ghcr.io:80a/x", /is not a registry/],
  ["an empty port", "ghcr.io:/x", /is not a registry/],
  ["a negative port", "ghcr.io:-1/x", /is not a registry/],
  ["two ports", "ghcr.io:1:2/x", /is not a registry/],
  ["a host with a dash in front", "-ghcr.io/x", /is not a registry/],
  ["a host with a dot at the end", "ghcr.io./x", /is not a registry/],
  ["a host with two dots", "ghcr..io/x", /is not a registry/],
  ["a host with an underscore", "foo_bar.com/x", /is not a registry/],
  ["a lone dot", "./x", /it is a path/],
  ["IPv6 without brackets", "::1/x", /is not a registry/],
  ["IPv6 that is none", "[1:2]/x", /not a valid host/],
  ["IPv6 with a zone", "[fe80::1%eth0]/x", /is not a registry/],
  ["an open bracket", "[::1/x", /is not a registry/],
  ["IPv4 out of range", "256.1.1.1/x", /not a valid host/],
  ["IPv4 as one number", "2130706433:80/x", /another spelling of 127\.0\.0\.1/, /write 127/],
  ["IPv4 shortened", "127.1/x", /another spelling of 127\.0\.0\.1/],
  ["IPv4 in hexadecimal", "0x7f.0.0.1/x", /another spelling of 127\.0\.0\.1/],
  ["IPv4 in octal", "0177.0.0.1/x", /another spelling of 127\.0\.0\.1/],
];

for (const [text, full] of GOOD) {
  test(`parseReference() takes ${text.slice(0, 80)}`, () => {
    const reference = parseReference(text);
    assert.equal(formatReference(reference), full);
    assert.deepEqual(parseReference(formatReference(reference)), reference);
  });
}

for (const [name, text, fault, hint] of BAD) {
  test(`parseReference() rejects ${name}`, () => {
    assert.throws(() => parseReference(text), (error) => {
      assert.ok(error instanceof ParseError, String(error));
      assert.match(error.message, fault);
      if (hint !== undefined) assert.match(error.hint ?? "", hint);
      return true;
    });
  });
}

test("parseReference() gives the parts, and none that is not there", () => {
  assert.deepEqual(parseReference(`docker://[::1]:5000/a/b:v1@${DIGEST}`), {
    registry: "[::1]:5000",
    repository: "a/b",
    tag: "v1",
    digest: DIGEST,
  });
  assert.deepEqual(Object.keys(parseReference("alpine")), ["registry", "repository"]);
});

const LOCAL: [text: string, parts: [string, string, string?, string?], canonical?: string][] = [
  ["oci:app", ["oci:app", ""]],
  ["oci:./app/:1", ["oci:./app", "", "1"], "oci:./app:1"],
  ["oci:/", ["oci:/", ""]],
  [`oci:/tmp/my images/ä:1@${DIGEST}`, ["oci:/tmp/my images/ä", "", "1", DIGEST]],
  ["oci:../app:ghcr.io/a/b:1", ["oci:../app", "ghcr.io/a/b", "1"]],
  ["oci:app:localhost:5000/a", ["oci:app", "localhost:5000/a"]],
  ["oci:5000", ["oci:./5000", ""], "oci:./5000"],
  ["oci:user@host/app", ["oci:user@host/app", ""]],
  ["ocidir://app:1", ["oci:app", "", "1"], "oci:app:1"],
  ["ocidir:///tmp/app", ["oci:/tmp/app", ""], "oci:/tmp/app"],
  ["ocidir:app", ["oci:app", ""], "oci:app"],
  ["ocidir:////tmp/app", ["oci:/tmp/app", ""], "oci:/tmp/app"],
  ["ocidir://1/app", ["oci:./1/app", ""], "oci:./1/app"],
  ["oci-archive:-", ["oci-archive:-", ""]],
  ["oci-archive:a.tar:1", ["oci-archive:a.tar", "", "1"]],
  ["docker-archive:a.tar", ["docker-archive:a.tar", ""]],
  ["docker-archive:a.tar:app", ["docker-archive:a.tar", "app"]],
  ["docker-archive:a.tar:ghcr.io/a/b:1", ["docker-archive:a.tar", "ghcr.io/a/b", "1"]],
  ["docker-archive:a.tar:@2", ["docker-archive:a.tar", "@2"]],
  ["dir:./a:b", ["dir:./a:b", ""]],
  [`dir:/a@${DIGEST}`, ["dir:/a", "", "", DIGEST]],
];

for (const [text, [registry, repository, tag, digest], canonical = text] of LOCAL) {
  test(`parseReference() parses the local name ${text}`, () => {
    const expected = { registry, repository, ...(tag && { tag }), ...(digest && { digest }) };
    const parsed = parseReference(text);
    assert.deepEqual(parsed, expected);
    assert.equal(isLocal(parsed), true);
    assert.equal(formatReference(parsed), canonical);
  });
}

test("parseReference() takes a host with a port for a registry, whatever its name", () => {
  for (const host of ["oci:5000", "dir:80", "docker-daemon:443"]) {
    const parsed = parseReference(`${host}/app:1`);
    assert.deepEqual(parsed, { registry: host, repository: "app", tag: "1" });
    assert.equal(isLocal(parsed), false);
    assert.equal(formatReference(parsed), `${host}/app:1`);
  }
  for (const text of ["alpine", "localhost:5000/a", "[::1]:5000/a", "ghcr.io/a/b:1"]) {
    assert.equal(isLocal(parseReference(text)), false, text);
  }
});

test("formatReference() leaves out the tag of a folder of the transport dir", () => {
  assert.equal(formatReference(withDefaultTag(parseReference("dir:./a"))), "dir:./a");
  assert.equal(formatReference(withDefaultTag(parseReference("oci:./a"))), "oci:./a:latest");
});

const SECRETS: [text: string, fault: RegExp][] = [
  ["https://user:hunter2@ghcr.io/x", /no URL scheme/],
  ["https://user:hunter2@ghcr.io", /no URL scheme/],
  ["docker://user:hunter2@ghcr.io/x:v1", /user name or password/],
  ["docker://user:hunter2@ghcr.io:443/x", /user name or password/],
  ["docker://user:hunter2@ghcr.io", /user name or password/],
  ["dokcer://user:hunter2@ghcr.io/x", /unknown transport/],
  ["dokcer://user:hunter2@[::1]/x", /unknown transport/],
  ["user:hunter2@ghcr.io/x", /user name or password/],
  ["hunter2@ghcr.io/x", /user name or password/],
  ["user:hunter2@localhost:5000/x", /user name or password/],
  ["user:hunt/er2@ghcr.io/x", /user name or password/],
  ["user:p@hunter2@ghcr.io/x", /user name or password/],
  [`user:hunter2@ghcr.io/x@${DIGEST}`, /user name or password/],
  ["https://user:hunter2\n@ghcr.io/x", /white space/],
];

for (const [text, fault] of SECRETS) {
  test(`parseReference() keeps the password out of its error for ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseReference(text), (error: ParseError) => {
      assert.match(error.message, fault);
      assert.doesNotMatch(`${error.message} ${error.hint}`, /hunt|er2/);
      return true;
    });
  });
}

test("parseReference() is quick with hostile text", () => {
  const start = performance.now();
  for (const part of ["a-", "a_", "a.", "a/", "@a", ":@", "a:", "://", "a@a:1/"]) {
    const text = part.repeat(1024 / part.length);
    assert.throws(() => parseReference(text + "!".slice(0, 1024 - text.length)), ParseError);
  }
  assert.ok(performance.now() - start < 30_000);
});

test("parseRepository() takes a repository and refuses tag and digest", () => {
  assert.deepEqual(parseRepository("docker://alpine"), {
    registry: "docker.io",
    repository: "library/alpine",
  });
  for (const [text, extra] of [["x:v1", "tag"], [`x@${DIGEST}`, "digest"]] as const) {
    assert.throws(() => parseRepository(text), (error: ParseError) => {
      assert.match(error.message, new RegExp(`it has a ${extra}, expected a repository only`));
      assert.equal(error.hint, "write docker.io/library/x");
      return true;
    });
  }
});

test("withDefaultTag() adds latest only without a tag and a digest", () => {
  assert.equal(withDefaultTag(parseReference("x")).tag, "latest");
  assert.equal(withDefaultTag(parseReference("x:v1")).tag, "v1");
  assert.equal(withDefaultTag(parseReference(`x@${DIGEST}`)).tag, undefined);
});

test("registryEndpointHost() returns the API host of Docker Hub", () => {
  assert.equal(registryEndpointHost("docker.io"), "registry-1.docker.io");
  assert.equal(registryEndpointHost("ghcr.io"), "ghcr.io");
  assert.equal(registryEndpointHost("localhost:5000"), "localhost:5000");
});

test("isLoopbackRegistry() is true for this machine only", () => {
  const yes = [
    "localhost",
    "localhost:5000",
    "LocalHost:5000",
    "registry.localhost",
    "registry.localhost:80",
    "127.0.0.1",
    "127.0.0.1:5000",
    "127.255.1.2:1",
    "[::1]",
    "[::1]:5000",
    "[::ffff:7f00:1]:5000",
  ];
  const no = [
    "docker.io",
    "localhost.example",
    "notlocalhost",
    "localhost.example:5000",
    "127.0.0.1.example",
    "127.0.0.1.nip.io:5000",
    "128.0.0.1",
    "1.127.0.0",
    "10.0.0.1:5000",
    "[::2]:5000",
    "[::ffff:a00:1]",
    "0.0.0.0",
  ];
  for (const registry of yes) assert.equal(isLoopbackRegistry(registry), true, registry);
  for (const registry of no) assert.equal(isLoopbackRegistry(registry), false, registry);
});

test("equalRepositories() compares only registry and repository", () => {
  const equal = (a: string, b: string): boolean =>
    equalRepositories(parseReference(a), parseReference(b));
  assert.equal(equal("alpine:1", `index.docker.io/library/alpine@${DIGEST}`), true);
  assert.equal(equal("GHCR.io/x", "ghcr.io/x"), true);
  assert.equal(equal("alpine", "ghcr.io/library/alpine"), false);
  assert.equal(equal("alpine", "busybox"), false);
});

test("formatReference() writes what it is given", () => {
  const reference: Reference = { registry: "r.example", repository: "a/b", tag: "t" };
  assert.equal(formatReference(reference), "r.example/a/b:t");
});

test("isRepositoryPath() is true for paths of repositories", () => {
  for (const path of ["alpine", "library/alpine", "a/b-c/d__e.f", "a".repeat(255)]) {
    assert.equal(isRepositoryPath(path), true, path);
  }
  for (const path of ["", "/a", "a/", "a//b", "A/b", "../b", "a:1", "a b", "a".repeat(256)]) {
    assert.equal(isRepositoryPath(path), false, path);
  }
});

test("isTag() is true for tags", () => {
  for (const tag of ["latest", "1.0", "_x", "A-b.c", "t".repeat(128)]) {
    assert.equal(isTag(tag), true, tag);
  }
  for (const tag of ["", ".x", "-x", "a:b", "a/b", "a b", "t".repeat(129), DIGEST]) {
    assert.equal(isTag(tag), false, tag);
  }
});

test("parseRegistry() normalises a registry", () => {
  const rows: [text: string, registry: string][] = [
    ["GHCR.io", "ghcr.io"],
    ["localhost", "localhost"],
    ["localhost:05000", "localhost:5000"],
    ["[::1]:5000", "[::1]:5000"],
    ["index.docker.io", "docker.io"],
    ["registry-1.docker.io", "docker.io"],
  ];
  for (const [text, registry] of rows) assert.equal(parseRegistry(text), registry, text);
});

for (
  const [text, fault] of [
    ["", /it is empty/],
    ["registry", /not a registry/],
    ["ghcr.io/org", /expected a registry only/],
    ["a b.example", /white space/],
    ["127.1", /another spelling of 127\.0\.0\.1/],
  ] as const
) {
  test(`parseRegistry() rejects ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseRegistry(text), { name: "ParseError", message: fault });
  });
}

test("parseRegistry() suggests the host of a URL", () => {
  assert.throws(() => parseRegistry("https://quay.io"), {
    message: /a registry has no URL scheme/,
    hint: "write quay.io",
  });
  assert.throws(() => parseRegistry("quay.io/a"), {
    message: /it has a path/,
    hint: "write quay.io",
  });
});

test("parseReference() rejects a tag without a name in a docker archive", () => {
  assert.throws(() => parseReference("docker-archive:a.tar::1"), {
    message: /the name before the tag is missing$/,
    hint: "write docker-archive:a.tar:NAME:TAG",
  });
});
