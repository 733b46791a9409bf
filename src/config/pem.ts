/** Finds certificates and keys in PEM texts, for the configuration and the command line. */

export const EXPECTED_KEY = "expected a private key in PEM that is not encrypted";

/** Finds a private key without a passphrase in a PEM text. */
export function parsePrivateKey(text: string): string | undefined {
  const [key] =
    /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----[^]+?-----END \1?PRIVATE KEY-----/.exec(text) ??
      [];
  return key === undefined || key.includes("ENCRYPTED") ? undefined : `${key}\n`;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g;

export const EXPECTED_PEM = "expected PEM, which contains -----BEGIN CERTIFICATE-----";

/** Finds the certificates in a PEM text; `undefined` if there is none. */
export function parseCertificates(text: string): string[] | undefined {
  return text.match(CERTIFICATE)?.map((certificate) => `${certificate}\n`);
}
