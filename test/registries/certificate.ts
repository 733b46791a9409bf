import { join } from "node:path";
import { requireBinary } from "./binaries.ts";
import { runProgram } from "./run_program.ts";

/** The paths of a key (PKCS #8) and its certificate, both in PEM. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/**
 * Writes a new P-256 key and a self-signed certificate for 127.0.0.1 and localhost to `folder`. It is
 * valid for two days.
 */
export async function createCertificate(folder: string): Promise<CertificateFiles> {
  const certFile = join(folder, "cert.pem");
  const keyFile = join(folder, "key.pem");
  await runProgram(requireBinary("openssl"), [
    ...["req", "-x509", "-noenc", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
    ...["-days", "2", "-subj", "/CN=crossdock tests"],
    ...["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
    ...["-keyout", keyFile, "-out", certFile],
  ]);
  return { certFile, keyFile };
}
