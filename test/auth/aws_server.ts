/** A fake ECR API that checks Signature Version 4 with an implementation of its own, on `node:crypto`. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { serve } from "../support/serve.ts";
import type { Server } from "../support/serve.ts";

export const AWS_KEY = {
  accessKeyId: "AKIDEXAMPLE0000000000",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  sessionToken: "session//token==",
};

/** A call with a valid signature. */
export interface EcrCall {
  readonly target: string;
  readonly input: Record<string, unknown>;
  /** `20250101/eu-west-1/ecr/aws4_request` */
  readonly scope: string;
}

export interface EcrServer extends Server {
  readonly calls: EcrCall[];
}

/**
 * Starts the API. A wrong signature, time or session token is rejected as Amazon does. Other requests go to `answer`.
 *
 * @param options.now milliseconds since the epoch. The time of a signature must be within five minutes of it
 * @param options.sessionToken null for a permanent key
 */
export async function startEcrApi(
  answer: (call: EcrCall) => Response,
  options: { now?: () => number; sessionToken?: string | null } = {},
): Promise<EcrServer> {
  const { now = Date.now, sessionToken = AWS_KEY.sessionToken } = options;
  const calls: EcrCall[] = [];
  const server = await serve(async (request) => {
    const body = await request.text();
    const fault = findFault(request, body, now(), sessionToken);
    if (fault !== undefined) return awsError(fault, "The request signature does not match");
    const call = {
      target: request.headers.get("x-amz-target") ?? "",
      input: JSON.parse(body),
      scope: readAuthorization(request).scope,
    };
    calls.push(call);
    return answer(call);
  });
  return Object.assign(server, { calls });
}

/** An error in the form of Amazon's JSON protocol. */
export function awsError(name: string, message: string, status = 400): Response {
  const headers = { "content-type": "application/x-amz-json-1.1" };
  return Response.json({ __type: `com.amazonaws.ecr#${name}`, message }, { status, headers });
}

/** Amazon's name for the error. Undefined if the signature is valid. */
function findFault(
  request: Request,
  body: string,
  nowMs: number,
  sessionToken: string | null,
): string | undefined {
  const { headers, method } = request;
  const { keyId, scope, signedHeaders, signature } = readAuthorization(request);
  if (keyId !== AWS_KEY.accessKeyId) return "UnrecognizedClientException";
  if (headers.get("x-amz-security-token") !== sessionToken) {
    return "UnrecognizedClientException";
  }
  const time = headers.get("x-amz-date") ?? "";
  const [date = "", region = "", service = ""] = scope.split("/");
  const at = time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z");
  if (!time.startsWith(date) || !(Math.abs(Date.parse(at) - nowMs) < 5 * 60_000)) {
    return "InvalidSignatureException";
  }
  // Amazon requires a signature over these headers if they are sent.
  const needed = [
    "content-type",
    "host",
    ...[...headers.keys()].filter((name) => /^x-amz-/.test(name)),
  ];
  if (needed.some((name) => !signedHeaders.includes(name))) return "InvalidSignatureException";
  const url = new URL(request.url);
  const canonicalRequest = [
    method,
    url.pathname,
    url.searchParams.toString(),
    ...signedHeaders.map((name) => `${name}:${headers.get(name)?.trim().replace(/ +/g, " ")}`),
    "",
    signedHeaders.join(";"),
    sha256(body),
  ].join("\n");
  const stringToSign = ["AWS4-HMAC-SHA256", time, scope, sha256(canonicalRequest)].join("\n");
  let key: Uint8Array | string = `AWS4${AWS_KEY.secretAccessKey}`;
  for (const part of [date, region, service, "aws4_request"]) key = hmac(key, part);
  const want = hmac(key, stringToSign);
  const got = new Uint8Array(want.length);
  got.set(
    Uint8Array.from(signature.match(/../g) ?? [], (hex) => parseInt(hex, 16)).slice(0, got.length),
  );
  return timingSafeEqual(got, want) ? undefined : "InvalidSignatureException";
}

function readAuthorization(
  request: Request,
): { keyId: string; scope: string; signedHeaders: string[]; signature: string } {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
  const [, keyId = "", scope = "", names = "", signature = ""] =
    pattern.exec(request.headers.get("authorization") ?? "") ?? [];
  return { keyId, scope, signedHeaders: names.split(";"), signature };
}

function hmac(key: Uint8Array | string, text: string): Uint8Array {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
