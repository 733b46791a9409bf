/** Reads `creds`: the credential and the connection settings of each registry. */
import { toCredential } from "../auth/credentials.ts";
import type { Credential } from "../auth/credentials.ts";
import { parseDuration } from "../sync/duration.ts";
import { formatReference, parseReference, parseRegistry } from "../oci/reference.ts";
import type { ClientCertificate } from "../runtime.ts";
import type { TlsMode } from "../sides.ts";
import type { ConfigNode } from "./config_node.ts";
import { readKeys } from "./read_keys.ts";
import { EXPECTED_KEY, EXPECTED_PEM, parseCertificates, parsePrivateKey } from "./pem.ts";
import type { CredentialHelper, RegistrySettings } from "./registries.ts";
import type { RenderAt } from "./render_at.ts";
import { credsSchema } from "./schema.ts";
import type { RawCreds } from "./schema.ts";
import { UNREAD_KEYS } from "./unread_keys.ts";

/** The content of `creds`. */
interface Registries {
  readonly settings: readonly RegistrySettings[];
  /** Hosts by the names that the file gives them with `hostname`. */
  readonly aliases: ReadonlyMap<string, string>;
}

const TLS: Readonly<Record<NonNullable<RawCreds["tls"]>, TlsMode>> = {
  enabled: "on",
  insecure: "unverified",
  disabled: "off",
};

/** Reads `creds`. */
export function readRegistries(
  creds: ConfigNode,
  render: RenderAt,
  { allowsHelpers }: { readonly allowsHelpers: boolean },
): Registries {
  const settings = new Map<string, RegistrySettings>();
  const aliases = new Map<string, string>();
  for (const node of creds.items()) {
    const raw = readKeys(credsSchema, node, UNREAD_KEYS.creds);
    if (!raw) continue;
    const name = readName(node.at("registry"), render);
    const host = raw.hostname === undefined ? name : readName(node.at("hostname"), render);
    const read = readSettings(host ?? "", raw, node, render);
    const helper = readHelper(host ?? "", raw, node);
    if (helper && !allowsHelpers) {
      node.at("credHelper").addMistake(
        "this host runs no programs, expected user and pass; a server also has " +
          "CROSSDOCK_REGISTRY_AUTH, and the keys of ECR, Artifact Registry and ACR",
        "key",
      );
    }
    if (helper && read.credential) {
      node.at("credHelper").addMistake("user, pass and token exclude it", "key");
    }
    if (name === undefined || host === undefined) continue;
    if (host !== name) aliases.set(name, host);
    const known = settings.get(host);
    if ((known?.credential ?? known?.helper) && (read.credential ?? helper)) {
      node.addMistake(`there is a credential for ${host} already; expected one for each host`);
    } else if (known) node.addWarning(`${host} is in creds already; both entries are merged`);
    settings.set(host, { ...known, ...read, ...(helper ? { helper } : {}) });
  }
  return {
    settings: [...settings.values()].map((entry) => withHosts(entry, aliases)),
    aliases,
  };
}

/** Mirrors may be named before the entry that gives their host. */
function withHosts(
  entry: RegistrySettings,
  aliases: ReadonlyMap<string, string>,
): RegistrySettings {
  if (!entry.mirrors) return entry;
  const mirrors = entry.mirrors.map((name) => {
    const [registry = "", ...path] = name.split("/");
    return [aliases.get(registry) ?? registry, ...path].join("/");
  });
  return { ...entry, mirrors };
}

function readMirrors(registry: string, node: ConfigNode): string[] {
  return node.items().flatMap((item) => {
    const mirror = item.try(() => {
      const [host = "", ...path] = item.text.split("/");
      const registry = parseRegistry(host);
      const { repository } = parseReference([registry, ...path, "any"].join("/"));
      return formatReference({ registry, repository }).replace(/\/any$/, "");
    });
    if (mirror === registry) item.addMistake("is the registry itself");
    return mirror === undefined ? [] : [mirror];
  });
}

function readName(node: ConfigNode, render: RenderAt): string | undefined {
  const name = render(node);
  if (name === undefined) return undefined;
  // The key that docker's own config has for Docker Hub.
  return node.try(() => name === "https://index.docker.io/v1/" ? "docker.io" : parseRegistry(name));
}

function readSettings(
  registry: string,
  { tls, reqPerSec, reqConcurrent }: RawCreds,
  node: ConfigNode,
  render: RenderAt,
): RegistrySettings {
  const credential = readCredential(node, render);
  const caCerts = readCertificates(node.at("regcert"), render);
  const clientCertificate = readClientCertificate(node, render);
  if (clientCertificate && tls === "disabled") {
    node.at("clientCert").addMistake("has no use without TLS", "key");
  }
  const mirrors = readMirrors(registry, node.at("mirrors"));
  return {
    registry,
    ...(credential ? { credential } : {}),
    ...(mirrors.length > 0 ? { mirrors } : {}),
    // A registry with a certificate has TLS, also on loopback.
    ...(tls ? { tls: TLS[tls] } : caCerts || clientCertificate ? { tls: "on" } : {}),
    ...(caCerts ? { caCerts } : {}),
    ...(clientCertificate ? { clientCertificate } : {}),
    ...(reqPerSec ? { requestsPerSecond: reqPerSec } : {}),
    ...(reqConcurrent ? { concurrentRequests: reqConcurrent } : {}),
  };
}

/** As in regsync. */
const KEEP_MS = 3_600_000;

function readHelper(
  host: string,
  { credHelper, credExpire, credHost }: RawCreds,
  node: ConfigNode,
): CredentialHelper | undefined {
  if (!credHelper) {
    for (const name of ["credExpire", "credHost"] as const) {
      if (node.at(name).exists) node.at(name).addWarning("has no effect without credHelper", "key");
    }
    return undefined;
  }
  const name = credHelper.replace(/^docker-credential-/, "");
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) {
    node.at("credHelper").addMistake(
      "expected the name of a program: docker-credential-ecr-login",
    );
  }
  const keepMs = credExpire === undefined ? KEEP_MS : parseDuration(credExpire);
  return { name, server: credHost ?? host, keepMs };
}

function readCertificates(node: ConfigNode, render: RenderAt): string[] | undefined {
  if (node.text === "") return undefined;
  const caCerts = parseCertificates(render(node) ?? "");
  if (!caCerts) node.addWarning(`ignored: ${EXPECTED_PEM}`);
  return caCerts;
}

function readClientCertificate(
  node: ConfigNode,
  render: RenderAt,
): ClientCertificate | undefined {
  const [certNode, keyNode] = [node.at("clientCert"), node.at("clientKey")];
  const cert = certNode.text === "" ? undefined : render(certNode);
  const key = keyNode.text === "" ? undefined : render(keyNode);
  if (cert !== undefined && key === undefined) certNode.addMistake("clientKey is missing", "key");
  if (key !== undefined && cert === undefined) keyNode.addMistake("clientCert is missing", "key");
  if (cert === undefined || key === undefined) return undefined;
  const certificates = parseCertificates(cert);
  const privateKey = parsePrivateKey(key);
  if (!certificates) certNode.addMistake(EXPECTED_PEM);
  if (privateKey === undefined) keyNode.addMistake(EXPECTED_KEY, "key");
  return certificates && privateKey !== undefined
    ? { cert: certificates.join(""), key: privateKey }
    : undefined;
}

function readCredential(node: ConfigNode, render: RenderAt): Credential | undefined {
  const [user, pass, token] = [node.at("user"), node.at("pass"), node.at("token")];
  const username = render(user);
  const password = render(pass);
  const refreshToken = render(token);
  if (pass.exists && !user.exists) pass.addMistake("user is missing");
  if (user.exists && !pass.exists && !token.exists) user.addMistake("pass or token is missing");
  if (refreshToken !== undefined) {
    return { kind: "identity_token", token: refreshToken, ...(username ? { username } : {}) };
  }
  return username === undefined || password === undefined
    ? undefined
    : toCredential(username, password);
}
