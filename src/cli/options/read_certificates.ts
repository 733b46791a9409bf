/** Reads the certificates that the flags of a side name. */
import {
  EXPECTED_KEY,
  EXPECTED_PEM,
  parseCertificates,
  parsePrivateKey,
} from "../../config/pem.ts";
import { ParseError } from "../../errors.ts";
import type { ClientCertificate } from "../../runtime.ts";
import type { CliEnvironment } from "../environment.ts";
import { readOptionFile } from "./read_input_file.ts";
import type { CommandSide } from "./side.ts";

export interface Certificates {
  readonly caCerts?: readonly string[];
  readonly clientCertificate?: ClientCertificate;
}

/** @throws ParseError for flags that contradict each other, and for a file that cannot be used */
export async function readCertificates(
  { prefix, flags: { tls, ca, cert, key, certDir } }: Pick<CommandSide, "prefix" | "flags">,
  environment: CliEnvironment,
): Promise<Certificates> {
  const [first, ...others] = [
    ...(ca === undefined ? [] : ["ca"]),
    ...(cert === undefined ? [] : ["cert"]),
    ...(key === undefined ? [] : ["key"]),
    ...(certDir === undefined ? [] : ["cert-dir"]),
  ];
  if (first === undefined) return {};
  if (tls === "off") {
    throw new ParseError(`${prefix}${first} and ${prefix}tls off cannot be combined`);
  }
  if (certDir !== undefined) {
    if (others.length > 0) {
      throw new ParseError(`${prefix}${first} and ${prefix}cert-dir cannot be combined`);
    }
    return await readFolder(certDir, `${prefix}cert-dir`, environment);
  }
  if (key !== undefined && cert === undefined) {
    throw new ParseError(`${prefix}key requires ${prefix}cert`);
  }
  return {
    ...(ca === undefined
      ? {}
      : { caCerts: await readCaCertificates(ca, `${prefix}ca`, environment) }),
    ...(cert === undefined ? {} : {
      clientCertificate: await readPair(
        { option: `${prefix}cert`, path: cert },
        { option: `${prefix}key`, path: key ?? cert },
        environment,
      ),
    }),
  };
}

async function readCaCertificates(
  path: string,
  option: string,
  environment: CliEnvironment,
): Promise<string[]> {
  const certificates = parseCertificates(await readOptionFile(path, option, environment));
  if (certificates) return certificates;
  throw new ParseError(`${option} ${path}: no certificate found`, { hint: EXPECTED_PEM });
}

/** Messages contain no part of the key. */
async function readPair(
  cert: { option: string; path: string },
  key: { option: string; path: string },
  environment: CliEnvironment,
): Promise<ClientCertificate> {
  const certText = await readOptionFile(cert.path, cert.option, environment);
  const keyText = key.path === cert.path
    ? certText
    : await readOptionFile(key.path, key.option, environment);
  const certificates = parseCertificates(certText);
  if (!certificates) {
    throw new ParseError(`${cert.option} ${cert.path}: no certificate found`, {
      hint: EXPECTED_PEM,
    });
  }
  const privateKey = parsePrivateKey(keyText);
  if (privateKey !== undefined) return { cert: certificates.join(""), key: privateKey };
  const isOneFile = key.path === cert.path;
  const { option, path } = isOneFile ? cert : key;
  throw new ParseError(`${option} ${path}: no private key found`, {
    hint: isOneFile ? `name the file of the key with ${key.option}` : EXPECTED_KEY,
  });
}

/** A folder as docker and skopeo use it: https://docs.docker.com/engine/security/certificates/ */
async function readFolder(
  folder: string,
  option: string,
  environment: CliEnvironment,
): Promise<Certificates> {
  const names = await listFolder(folder, option, environment);
  const read = (name: string): Promise<string> =>
    readOptionFile(`${folder}/${name}`, option, environment);
  const caCerts: string[] = [];
  for (const name of names.filter((name) => name.endsWith(".crt"))) {
    const certificates = parseCertificates(await read(name));
    if (!certificates) throw new ParseError(`${option} ${folder}/${name}: no certificate found`);
    caCerts.push(...certificates);
  }
  const [cert, second] = names.filter((name) => name.endsWith(".cert"));
  if (second !== undefined) {
    throw new ParseError(
      `${option} ${folder}: expected one file *.cert, got ${cert} and ${second}`,
    );
  }
  const key = cert?.replace(/\.cert$/, ".key");
  const stray = names.find((name) => name.endsWith(".key") && name !== key);
  if (stray !== undefined || key !== undefined && !names.includes(key)) {
    const missing = stray === undefined ? key : stray.replace(/\.key$/, ".cert");
    throw new ParseError(`${option} ${folder}: ${missing} is missing`);
  }
  if (cert === undefined && caCerts.length === 0) {
    throw new ParseError(`${option} ${folder}: no certificates found`, {
      hint: "expected CA certificates in *.crt, or a client certificate in *.cert with its *.key",
    });
  }
  return {
    ...(caCerts.length > 0 ? { caCerts } : {}),
    ...(cert === undefined || key === undefined ? {} : {
      clientCertificate: await readPair(
        { option, path: `${folder}/${cert}` },
        { option, path: `${folder}/${key}` },
        environment,
      ),
    }),
  };
}

async function listFolder(
  folder: string,
  option: string,
  environment: CliEnvironment,
): Promise<string[]> {
  try {
    return (await environment.listFolder(folder)).sort();
  } catch (cause) {
    const { name, code } = cause as { name?: string; code?: string };
    if (name === "NotCapable") throw cause;
    const fault = code === "ENOENT"
      ? "folder not found"
      : code === "ENOTDIR"
      ? "not a folder"
      : `cannot be read${code === undefined ? "" : ` (${code})`}`;
    throw new ParseError(`${option} ${folder}: ${fault}`, { cause });
  }
}
