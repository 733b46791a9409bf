import { basicAuthorization } from "../../auth/basic.ts";
import type { Runtime } from "../../runtime.ts";
import { verifyGoogleToken } from "./google_token.ts";
import type { GoogleKeys } from "./google_token.ts";
import { isHmac, isSecret } from "./hmac.ts";
import type { Proof } from "./proof.ts";
import type { Sender, Signature, WebhookRequest } from "./sender.ts";
import { findSignatureFault } from "../standard_webhooks.ts";
import { WebhookError } from "./webhook_error.ts";

export interface VerifyOptions {
  /** The proof that the request must have. */
  readonly proof: Proof;
  /** `fetch` is for Google's keys. */
  readonly runtime: Pick<Runtime, "fetch" | "now">;
  /** Google's keys, shared by requests. Default: fetched for each request. */
  readonly googleKeys?: GoogleKeys;
}

/**
 * Checks the proof of a request before its body is read: all of it, or for a signature that the request has one.
 *
 * @throws WebhookError `unauthorized`, or `not_found` if the secret is part of the path
 */
export async function verifyHead(
  sender: Sender,
  request: Pick<WebhookRequest, "headers" | "pathSecret">,
  { proof, runtime, googleKeys = {} }: VerifyOptions,
): Promise<void> {
  const { headers } = request;
  const authorization = headers.get("authorization");
  switch (proof.kind) {
    case "signature":
      return requireSignature(sender, headers);
    case "header":
      return await compare(sender, proof.name, headers.get(proof.name), proof.secrets);
    case "bearer":
      return await compare(
        sender,
        "bearer token",
        afterScheme("Bearer", authorization),
        proof.secrets,
      );
    case "basic":
      return await compare(
        sender,
        "username and password",
        afterScheme("Basic", authorization),
        proof.secrets.map((secret) =>
          basicAuthorization(proof.username, secret).slice("Basic ".length)
        ),
      );
    case "google": {
      const token = afterScheme("Bearer", authorization);
      if (!token) throw reject(sender, "it has no bearer token");
      return await verifyGoogleToken(token, proof, { runtime, keys: googleKeys });
    }
    case "path":
      if (await isOneOf(request.pathSecret ?? "", proof.secrets)) return;
      throw new WebhookError("not_found", "not found");
  }
}

function requireSignature(sender: Sender, headers: Headers): void {
  const { signature } = sender;
  // verifyBody() names the headers that are missing.
  if (signature === undefined || signature === "standard-webhooks") return;
  const { name, digits } = findDigits(signature, headers);
  if (digits === undefined) throw reject(sender, `it has no signature in ${name}`);
}

/** A request whose body was read, to the byte. */
interface ReadRequest extends Pick<WebhookRequest, "headers"> {
  readonly body: Uint8Array<ArrayBuffer>;
}

/**
 * Checks the signature of a body. Other proofs need no body.
 *
 * @throws WebhookError `unauthorized`
 */
export async function verifyBody(
  sender: Sender,
  request: ReadRequest,
  { proof, runtime }: Pick<VerifyOptions, "proof" | "runtime">,
): Promise<void> {
  if (proof.kind !== "signature") return;
  const { secrets } = proof;
  const { signature } = sender;
  if (signature === undefined) throw new TypeError(`${sender.title} does not sign`);
  if (signature === "standard-webhooks") {
    const fault = await findSignatureFault(request, { secrets, now: runtime.now() });
    if (fault !== undefined) throw reject(sender, fault);
    return;
  }
  const { name, digits } = findDigits(signature, request.headers);
  if (digits === undefined) throw reject(sender, `it has no signature in ${name}`);
  for (const secret of secrets) {
    if (await isHmac(digits, request.body, { hash: signature.hash, secret })) return;
  }
  throw reject(sender, `its signature in ${name} does not match`);
}

function findDigits(
  { headers: names, prefix }: Exclude<Signature, string>,
  headers: Headers,
): { name: string; digits: string | undefined } {
  const name = names.find((one) => headers.get(one)) ?? names[0];
  const value = headers.get(name) ?? "";
  return {
    name,
    digits: value.startsWith(prefix) ? value.slice(prefix.length) || undefined : undefined,
  };
}

function afterScheme(scheme: "Basic" | "Bearer", authorization: string | null): string | null {
  const [, value] = new RegExp(`^${scheme} +(\\S+)$`, "i").exec(authorization ?? "") ?? [];
  return value ?? null;
}

async function compare(
  sender: Sender,
  what: string,
  shown: string | null,
  secrets: readonly string[],
): Promise<void> {
  if (!shown) throw reject(sender, `it has no ${what}`);
  if (!await isOneOf(shown, secrets)) throw reject(sender, `its ${what} does not match`);
}

async function isOneOf(shown: string, secrets: readonly string[]): Promise<boolean> {
  for (const secret of secrets) if (await isSecret(shown, secret)) return true;
  return false;
}

function reject({ title }: Sender, why: string): WebhookError {
  return new WebhookError("unauthorized", `verify request of ${title}: ${why}`, {
    hint: `set the same secret in webhooks.in and at ${title}`,
  });
}
