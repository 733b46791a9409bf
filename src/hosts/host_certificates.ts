/** Reads the CA certificates that the host trusts. */
import { readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import * as tls from "node:tls";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The store of Debian and Alpine, Red Hat, SUSE, and of BSD and macOS. */
const SYSTEM_FILES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

export interface HostCertificates {
  /** In PEM, each once. */
  readonly pems: readonly string[];
  /** Which of `SSL_CERT_FILE` and `SSL_CERT_DIR` cannot be read. */
  readonly unreadable: readonly string[];
}

let cached: HostCertificates | undefined;

/**
 * Returns the CA certificates of the runtime, the system's store, `SSL_CERT_FILE` and `SSL_CERT_DIR`. Reads them once, because
 * hundreds of certificates take tens of milliseconds.
 */
export function hostCertificates(): HostCertificates {
  cached ??= readAll();
  return cached;
}

function readAll(): HostCertificates {
  const unreadable: string[] = [];
  const readVariable = (name: string, read: (value: string) => readonly string[]) => {
    try {
      const value = process.env[name];
      return value ? read(value) : [];
    } catch {
      // Also set for other programs, so it does not fail requests that need no other certificate.
      unreadable.push(name);
      return [];
    }
  };
  const pems = [
    ...readRuntimeStore(),
    ...readSystemStore(),
    ...readVariable("SSL_CERT_FILE", readPem),
    ...readVariable("SSL_CERT_DIR", (folders) => folders.split(delimiter).flatMap(readFolder)),
  ];
  return { pems: [...new Set(pems.map((pem) => pem.trim()))], unreadable };
}

function readRuntimeStore(): readonly string[] {
  try {
    // Since Node 22.15. "default" includes the certificates of NODE_EXTRA_CA_CERTS.
    return tls.getCACertificates?.("default") ?? tls.rootCertificates;
  } catch {
    // Deno without --allow-sys. The system's store has the public authorities, too.
    return [];
  }
}

function readSystemStore(): readonly string[] {
  try {
    const pems = tls.getCACertificates("system");
    if (pems.length > 0) return pems;
  } catch {
    // Deno without --allow-sys.
  }
  for (const file of SYSTEM_FILES) {
    try {
      return readPem(file);
    } catch {
      // Not this system's, or Deno without permission to read it.
    }
  }
  return [];
}

function readFolder(folder: string): readonly string[] {
  if (folder === "") return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .flatMap(({ name }) => readPem(join(folder, name)));
}

function readPem(file: string): readonly string[] {
  return readFileSync(file, "utf8").match(CERTIFICATE) ?? [];
}
