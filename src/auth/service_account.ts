import { ParseError } from "../errors.ts";
import { isLoopbackRegistry } from "../oci/reference.ts";

/** What is needed of the JSON file that Google gives for a service account's key. */
export interface ServiceAccount {
  readonly clientEmail: string;
  /** PKCS #8 in PEM. */
  readonly privateKey: string;
  readonly privateKeyId: string | undefined;
  readonly tokenUri: URL;
}

/** As Google writes it into every key. */
const TOKEN_URI = "https://oauth2.googleapis.com/token";

/**
 * Reads a service account's key: https://cloud.google.com/iam/docs/keys-create-delete
 *
 * @param from where the text came from, for messages: `GOOGLE_SERVICE_ACCOUNT`
 * @throws {ParseError} naming the member that is wrong, never with anything of what is in it
 */
export function parseServiceAccount(text: string, from: string): ServiceAccount {
  const key = parseObject(text, from);
  const type = requireText(key, "type", from);
  if (type !== "service_account") {
    throw new ParseError(`${from}: type: want "service_account", got another kind of credential`, {
      hint: "create a key for a service account and give its JSON file's text",
    });
  }
  const privateKey = requireText(key, "private_key", from).trim();
  if (!/^-----BEGIN PRIVATE KEY-----\s/.test(privateKey)) {
    throw new ParseError(
      `${from}: private_key: want PEM that begins with a BEGIN PRIVATE KEY line`,
      {
        hint: String.raw`check that the line breaks in it are written \n, with one backslash`,
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

function parseObject(text: string, from: string): Readonly<Record<string, unknown>> {
  let key: unknown;
  try {
    key = JSON.parse(text);
  } catch {
    // Without its cause: V8 quotes the text around the mistake, and that may be the private key.
    throw new ParseError(`${from}: want the JSON of a service account's key, got no JSON`, {
      hint: "give the text of the file, not its path and not base64",
    });
  }
  if (typeof key === "object" && key !== null && !Array.isArray(key)) {
    return key as Readonly<Record<string, unknown>>;
  }
  throw new ParseError(`${from}: want the JSON of a service account's key, got no object`);
}

function requireText(key: Readonly<Record<string, unknown>>, name: string, from: string): string {
  const value = key[name];
  if (typeof value === "string" && value !== "") return value;
  throw new ParseError(
    `${from}: ${name}: want a string, ${
      value === undefined ? "it is missing" : "got something else"
    }`,
    {
      hint: "give the JSON file of a service account's key as Google made it",
    },
  );
}

/** What is sent there is as good as the key for an hour: not in the clear, but to this very machine. */
function parseTokenUri(value: unknown, from: string): URL {
  const url = typeof value === "string" ? URL.parse(value) : undefined;
  if (
    url && (url.protocol === "https:" || (url.protocol === "http:" && isLoopbackRegistry(url.host)))
  ) {
    return url;
  }
  throw new ParseError(`${from}: token_uri: want an https URL`);
}
