import { ParseError } from "../errors.ts";
import { isLoopbackRegistry } from "../oci/reference.ts";

/** The required members of the JSON key file of a Google service account. */
export interface ServiceAccount {
  readonly clientEmail: string;
  /** PKCS #8 in PEM. */
  readonly privateKey: string;
  readonly privateKeyId: string | undefined;
  readonly tokenUri: URL;
}

/** The value that Google writes into every key. */
const TOKEN_URI = "https://oauth2.googleapis.com/token";

/**
 * Parses the key of a service account: https://cloud.google.com/iam/docs/keys-create-delete
 *
 * @param from the origin of the text, used in messages: `GOOGLE_SERVICE_ACCOUNT`
 * @throws {ParseError} naming the invalid member, never quoting its value
 */
export function parseServiceAccount(text: string, from: string): ServiceAccount {
  const key = parseObject(text, from);
  const type = requireText(key, "type", from);
  if (type !== "service_account") {
    throw new ParseError(
      `${from}: type: expected "service_account", got another type of credential`,
      {
        hint: "create a key for a service account and use the content of its JSON file",
      },
    );
  }
  const privateKey = requireText(key, "private_key", from).trim();
  if (!/^-----BEGIN PRIVATE KEY-----\s/.test(privateKey)) {
    throw new ParseError(
      `${from}: private_key: expected PEM that begins with a BEGIN PRIVATE KEY line`,
      {
        hint: String.raw`check that its line breaks are written as \n, with one backslash`,
      },
    );
  }
  if (!isRsaKey(privateKey)) {
    throw new ParseError(
      `${from}: private_key: expected an RSA key in PKCS #8, got a damaged key`,
      {
        hint: "use the JSON key file of a service account unchanged",
      },
    );
  }
  return {
    clientEmail: requireText(key, "client_email", from),
    privateKey,
    privateKeyId: typeof key.private_key_id === "string" ? key.private_key_id : undefined,
    tokenUri: parseTokenUri(key.token_uri ?? TOKEN_URI, from),
  };
}

/** The version 0 and the algorithm rsaEncryption: https://www.rfc-editor.org/rfc/rfc5208#section-5 */
const RSA_HEADER = "020100300d06092a864886f70d0101010500";

/**
 * Whether PEM contains a whole RSA key. Web Crypto only checks that asynchronously, which is too late for an error at the start.
 */
function isRsaKey(pem: string): boolean {
  const base64 = /^-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----$/.exec(pem)?.[1];
  if (base64 === undefined) return false;
  let bytes: string;
  try {
    bytes = atob(base64);
  } catch {
    return false;
  }
  const byteAt = (index: number): number => bytes.charCodeAt(index);
  const hex = Array.from(bytes, (_, i) => byteAt(i).toString(16).padStart(2, "0")).join("");
  // Each key has at least 256 bytes, so that its length takes two bytes.
  return hex.startsWith("3082") && 4 + byteAt(2) * 256 + byteAt(3) === bytes.length &&
    hex.startsWith(RSA_HEADER, 8);
}

function parseObject(text: string, from: string): Readonly<Record<string, unknown>> {
  let key: unknown;
  try {
    key = JSON.parse(text);
  } catch {
    // Without a cause: V8 quotes the text around the error, which may be the private key.
    throw new ParseError(
      `${from}: expected the JSON key of a service account, got text that is not JSON`,
      {
        hint: "use the content of the file, not its path and not base64",
      },
    );
  }
  if (typeof key === "object" && key !== null && !Array.isArray(key)) {
    return key as Readonly<Record<string, unknown>>;
  }
  throw new ParseError(
    `${from}: expected the JSON key of a service account, got JSON that is not an object`,
  );
}

function requireText(key: Readonly<Record<string, unknown>>, name: string, from: string): string {
  const value = key[name];
  if (typeof value === "string" && value !== "") return value;
  throw new ParseError(
    `${from}: ${name}: expected a non-empty string, ${
      value === undefined ? "but it is missing" : "got another value"
    }`,
    {
      hint: "use the JSON key file of a service account unchanged",
    },
  );
}

/** Requires https, because the assertion sent there is valid for an hour. Plain HTTP is allowed on loopback. */
function parseTokenUri(value: unknown, from: string): URL {
  const url = typeof value === "string" ? URL.parse(value) : undefined;
  if (
    url && (url.protocol === "https:" || (url.protocol === "http:" && isLoopbackRegistry(url.host)))
  ) {
    return url;
  }
  throw new ParseError(`${from}: token_uri: expected an https URL`);
}
