/** Calls APIs of Amazon that take JSON, with requests signed by Signature Version 4. */
import type * as z from "zod";
import type { CrossdockError, ErrorCode } from "../errors.ts";
import { exchange, quoteAnswer, toExchangeError } from "./exchange.ts";
import type { ExchangeAnswer, FetchForExchange } from "./exchange.ts";
import { optionalText } from "./read_answer.ts";

/** An access key of AWS, and how requests are sent. */
export interface AwsOptions {
  /** The id of the key, as in `AWS_ACCESS_KEY_ID`. */
  readonly accessKeyId: string;
  /** The secret of the key, as in `AWS_SECRET_ACCESS_KEY`. */
  readonly secretAccessKey: string;
  /** Required for a temporary key. */
  readonly sessionToken?: string | undefined;
  /** Sends the requests to Amazon. */
  readonly fetch: FetchForExchange;
  /** Milliseconds since the epoch. Amazon accepts a signature whose time is within five minutes of its own clock. */
  readonly now: () => number;
  /** The origin of the key, used in messages. Default: `AWS_ACCESS_KEY_ID`. */
  readonly from?: string;
}

/** The members of an error. */
export const awsErrorMembers = {
  __type: optionalText,
  message: optionalText,
  Message: optionalText,
};

interface AwsErrorMembers {
  readonly __type?: string | undefined;
  readonly message?: string | undefined;
  readonly Message?: string | undefined;
}

export interface AwsCall<Members> {
  readonly api: URL;
  /** The name of the service in signatures. */
  readonly service: string;
  readonly region: string;
  /** The value of `X-Amz-Target`: service and operation. */
  readonly target: string;
  readonly input: object;
  /** The action, for messages. */
  readonly what: string;
  readonly schema: z.ZodType<Members>;
  readonly signal?: AbortSignal | undefined;
}

/** Amazon answers 400 to almost every rejected request. The name of the error tells the reason. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  AccessDeniedException: "denied",
  ExpiredTokenException: "unauthorized",
  IncompleteSignatureException: "unauthorized",
  InvalidClientTokenId: "unauthorized",
  InvalidSignatureException: "unauthorized",
  MissingAuthenticationTokenException: "unauthorized",
  UnrecognizedClientException: "unauthorized",
  ThrottlingException: "rate_limited",
  TooManyRequestsException: "rate_limited",
};

/** Errors whose messages help and are quoted. That of a wrong signature is not: it contains the session token. */
const QUOTED = [
  "AccessDeniedException",
  "DisabledException",
  "InvalidKeyUsageException",
  "InvalidParameterException",
  "KMSInvalidStateException",
  "LimitExceededException",
  "NotFoundException",
  "ValidationException",
];

/** The default of {@linkcode AwsOptions.from}. */
const KEY_VARIABLE = "AWS_ACCESS_KEY_ID";

/** Returns the origin of the key. */
export function keyName({ from = KEY_VARIABLE }: Pick<AwsOptions, "from">): string {
  return from;
}

/**
 * Calls one operation.
 *
 * @throws NetworkError or SilenceError if there is no response
 */
export async function callAws<Members>(
  { accessKeyId, secretAccessKey, sessionToken, fetch, now }: AwsOptions,
  { api, service, region, target, input, what, schema, signal }: AwsCall<Members>,
): Promise<ExchangeAnswer<Members>> {
  const body = JSON.stringify(input);
  // Loaded on use: most processes never call Amazon.
  const { signAwsRequest } = await import("./sign_aws_request.ts");
  const headers = await signAwsRequest({
    url: api,
    target,
    body,
    key: { accessKeyId, secretAccessKey, sessionToken },
    service,
    region,
    now: now(),
  });
  return await exchange({ fetch, url: api, headers, body, what, signal, schema });
}

/** Returns the name of Amazon's error, such as `RepositoryAlreadyExistsException`, or an empty string. */
export function awsErrorName({ members }: ExchangeAnswer<AwsErrorMembers>): string {
  const { __type: type = "" } = members;
  // Smithy's JSON protocol: "namespace#Name", sometimes followed by ":http://…".
  return /^(?:.*#)?([A-Za-z]{1,100})(?::.*)?$/.exec(type)?.[1] ?? "";
}

/** Converts an error response of the API to an error. */
export function toAwsError(
  options: AwsOptions,
  answer: ExchangeAnswer<AwsErrorMembers>,
  { what, api, permission }: { what: string; api: URL; permission: string },
): CrossdockError {
  const { accessKeyId, secretAccessKey, sessionToken } = options;
  const name = awsErrorName(answer);
  const secrets = [accessKeyId, secretAccessKey, sessionToken];
  const text = quoteAnswer(answer.members.message ?? answer.members.Message, secrets);
  const key = keyName(options);
  return toExchangeError(answer, {
    what,
    url: api,
    code: CODES[name] ?? (name === "" ? undefined : "registry"),
    reason: QUOTED.includes(name) && text !== "" ? `${name}: ${text}` : name,
    hint: CODES[name] === "denied"
      ? `grant the key from ${key} the permission ${permission}`
      : name === "ExpiredTokenException"
      ? `the temporary key from ${key} has expired; use a new key with its session token`
      : `check the key from ${key}, its secret, its session token if the key is temporary, and this machine's clock`,
  });
}
