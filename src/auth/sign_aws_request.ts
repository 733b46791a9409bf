/** Signs a request to an API of Amazon by Signature Version 4. Only aws_api.ts loads this module, on use. */
import { AwsV4Signer } from "aws4fetch";

export interface AwsRequest {
  readonly url: URL;
  /** The value of `X-Amz-Target`. */
  readonly target: string;
  readonly body: string;
  readonly key: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string | undefined;
  };
  readonly service: string;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Returns the headers of a POST request, with its signature. */
export async function signAwsRequest(
  { url, target, body, key, service, region, now }: AwsRequest,
): Promise<Headers> {
  const { accessKeyId, secretAccessKey, sessionToken } = key;
  // Only the signer of aws4fetch: its client retries ten times and uses the global fetch.
  const { headers } = await new AwsV4Signer({
    method: "POST",
    url: url.href,
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": target },
    body,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken ? { sessionToken } : {}),
    service,
    region,
    datetime: new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, ""),
    // Amazon requires a signature over Content-Type, which aws4fetch omits by default.
    allHeaders: true,
  }).sign();
  return headers;
}
