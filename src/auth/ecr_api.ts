/** Calls the Amazon ECR API with requests signed by Signature Version 4. */
import * as z from "zod";
import type { CrossdockError, ErrorCode } from "../errors.ts";
import type { CloudMemory } from "./cloud_credentials.ts";
import type { EcrRegistry } from "./ecr_registry.ts";
import { parseEcrRegistry } from "./ecr_registry.ts";
import { exchange, quoteAnswer, toExchangeError } from "./exchange.ts";
import type { ExchangeAnswer, FetchForExchange } from "./exchange.ts";
import { optionalSeconds, optionalText } from "./read_answer.ts";

/** An AWS access key, and how to reach the API. */
export interface EcrOptions {
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
  /** The URL of the API, for a VPC endpoint. Default: Amazon's public endpoint for the region of the registry. */
  readonly endpoint?: (region: string, service: "ecr" | "ecr-public") => URL;
  /** Maps a host to its registry, for a registry behind a custom domain. Default: {@linkcode parseEcrRegistry}. */
  readonly registryOf?: (registry: string) => EcrRegistry | undefined;
  /** The origin of the key, used in messages. Default: `AWS_ACCESS_KEY_ID`. */
  readonly from?: string;
  /** Credentials cached by sources with the same key. Default: none. */
  readonly memory?: CloudMemory;
}

const authorizationSchema = z.object({
  authorizationToken: optionalText,
  /** Seconds since the epoch. */
  expiresAt: optionalSeconds,
});

/** An error, or the response to GetAuthorizationToken: a list of one for private registries, an object for the public one. */
const answerSchema = z.object({
  __type: optionalText,
  message: optionalText,
  Message: optionalText,
  authorizationData: z.union([
    authorizationSchema,
    z.array(authorizationSchema).transform(([first]) => first),
  ]).optional().catch(undefined),
});

export type EcrAnswer = ExchangeAnswer<z.output<typeof answerSchema>>;

/** The names of the services in `X-Amz-Target`: botocore data/ecr and data/ecr-public, `targetPrefix`. */
const TARGETS = {
  "ecr": "AmazonEC2ContainerRegistry_V20150921",
  "ecr-public": "SpencerFrontendService",
} as const;

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
const QUOTED = ["AccessDeniedException", "InvalidParameterException", "LimitExceededException"];

/** The default of {@linkcode EcrOptions.from}. */
const KEY_VARIABLE = "AWS_ACCESS_KEY_ID";

/** Returns the origin of the key. */
export function keyName({ from = KEY_VARIABLE }: EcrOptions): string {
  return from;
}

/** Returns the registry by its name in a reference, with the endpoint of the options. Undefined for other registries. */
export function findEcrRegistry(options: EcrOptions, registry: string): EcrRegistry | undefined {
  const { endpoint, registryOf = parseEcrRegistry } = options;
  const found = registryOf(registry);
  return found && endpoint ? { ...found, api: endpoint(found.region, found.service) } : found;
}

/**
 * Calls one operation. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html
 *
 * @throws NetworkError or SilenceError if there is no response
 */
export async function callEcr(
  options: EcrOptions,
  call: {
    readonly registry: EcrRegistry;
    readonly operation: "GetAuthorizationToken" | "CreateRepository";
    readonly input: object;
    readonly what: string;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<EcrAnswer> {
  const { accessKeyId, secretAccessKey, sessionToken, fetch, now } = options;
  const { registry: { api, region, service }, operation, what, signal } = call;
  const body = JSON.stringify(call.input);
  // Loaded on use: most processes never call Amazon.
  const { signAwsRequest } = await import("./sign_aws_request.ts");
  const headers = await signAwsRequest({
    url: api,
    target: `${TARGETS[service]}.${operation}`,
    body,
    key: { accessKeyId, secretAccessKey, sessionToken },
    service,
    region,
    now: now(),
  });
  return await exchange({ fetch, url: api, headers, body, what, signal, schema: answerSchema });
}

/** Returns the name of Amazon's error, such as `RepositoryAlreadyExistsException`, or an empty string. */
export function ecrErrorName({ members: { __type: type = "" } }: EcrAnswer): string {
  // Smithy's JSON protocol: "namespace#Name", sometimes followed by ":http://…".
  return /^(?:.*#)?([A-Za-z]{1,100})(?::.*)?$/.exec(type)?.[1] ?? "";
}

/** Converts an error response of the API to an error. */
export function toEcrError(
  options: EcrOptions,
  answer: EcrAnswer,
  { what, api, permission }: { what: string; api: URL; permission: string },
): CrossdockError {
  const { accessKeyId, secretAccessKey, sessionToken } = options;
  const name = ecrErrorName(answer);
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
