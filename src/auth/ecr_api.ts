/** Calls of Amazon ECR's own API, signed with Signature Version 4. */
import { AwsV4Signer } from "aws4fetch";
import * as z from "zod";
import type { CrossdockError, ErrorCode } from "../errors.ts";
import type { CloudMemory } from "./cloud_credentials.ts";
import type { EcrRegistry } from "./ecr_registry.ts";
import { parseEcrRegistry } from "./ecr_registry.ts";
import { exchange, quoteAnswer, toExchangeError } from "./exchange.ts";
import type { ExchangeAnswer, FetchForExchange } from "./exchange.ts";
import { optionalSeconds, optionalText } from "./read_answer.ts";

/** A key of Amazon's, and how its API is reached. */
export interface EcrOptions {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Comes with a key that is temporary. */
  readonly sessionToken?: string | undefined;
  readonly fetch: FetchForExchange;
  /** Milliseconds since the epoch; Amazon takes a signature whose time is within five minutes of its own. */
  readonly now: () => number;
  /** Where the API answers, for a VPC endpoint. Default: Amazon's own name for the registry's region. */
  readonly endpoint?: (region: string, service: "ecr" | "ecr-public") => URL;
  /** Which hosts are Amazon's, for a registry behind a name of its own. Default: {@linkcode parseEcrRegistry}. */
  readonly registryOf?: (registry: string) => EcrRegistry | undefined;
  /** Where the key came from, for people. Default: `AWS_ACCESS_KEY_ID`. */
  readonly from?: string;
  /** What sources with the same key learnt before. Default: nothing. */
  readonly memory?: CloudMemory;
}

const authorizationSchema = z.object({
  authorizationToken: optionalText,
  /** Since the epoch. */
  expiresAt: optionalSeconds,
});

/** An error, or the answer to GetAuthorizationToken: a list of one for the private registries, an object for the public one. */
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

/** What the API calls the services in `X-Amz-Target`: botocore data/ecr and data/ecr-public, `targetPrefix`. */
const TARGETS = {
  "ecr": "AmazonEC2ContainerRegistry_V20150921",
  "ecr-public": "SpencerFrontendService",
} as const;

/** Amazon answers nearly every refusal with 400; what it means stands in its name. */
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

/** Their messages say what to change. That of a wrong signature quotes the request, the session token in it. */
const QUOTED = ["AccessDeniedException", "InvalidParameterException", "LimitExceededException"];

/** The default of {@linkcode EcrOptions.from}. */
const KEY_VARIABLE = "AWS_ACCESS_KEY_ID";

/** Where the key came from. */
export function keyName({ from = KEY_VARIABLE }: EcrOptions): string {
  return from;
}

/** The registry by a name as in a reference, with the endpoint that the options say; undefined if it is not Amazon's. */
export function findEcrRegistry(options: EcrOptions, registry: string): EcrRegistry | undefined {
  const { endpoint, registryOf = parseEcrRegistry } = options;
  const found = registryOf(registry);
  return found && endpoint ? { ...found, api: endpoint(found.region, found.service) } : found;
}

/**
 * Calls one operation. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html
 *
 * @throws NetworkError or SilenceError when there is no answer
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
  // The signer alone: aws4fetch's own client tries ten times, on the global fetch.
  const { headers } = await new AwsV4Signer({
    method: "POST",
    url: api.href,
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `${TARGETS[service]}.${operation}`,
    },
    body,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken ? { sessionToken } : {}),
    service,
    region,
    datetime: new Date(now()).toISOString().replace(/[:-]|\.\d{3}/g, ""),
    // Amazon wants Content-Type signed where it is sent; aws4fetch leaves it out by itself.
    allHeaders: true,
  }).sign();
  return await exchange({ fetch, url: api, headers, body, what, signal, schema: answerSchema });
}

/** The name of Amazon's error, `RepositoryAlreadyExistsException`; empty where there is none. */
export function ecrErrorName({ members: { __type: type = "" } }: EcrAnswer): string {
  // Smithy's JSON protocol: "namespace#Name", at times with ":http://…" behind it.
  return /^(?:.*#)?([A-Za-z]{1,100})(?::.*)?$/.exec(type)?.[1] ?? "";
}

/** The error that a refusal of the API becomes. */
export function toEcrError(
  options: EcrOptions,
  answer: EcrAnswer,
  { what, api, permission }: { what: string; api: URL; permission: string },
): CrossdockError {
  const { accessKeyId, secretAccessKey, sessionToken } = options;
  const name = ecrErrorName(answer);
  const secrets = [accessKeyId, secretAccessKey, sessionToken];
  const words = quoteAnswer(answer.members.message ?? answer.members.Message, secrets);
  const key = keyName(options);
  return toExchangeError(answer, {
    what,
    url: api,
    code: CODES[name] ?? (name === "" ? undefined : "registry"),
    reason: QUOTED.includes(name) && words !== "" ? `${name}: ${words}` : name,
    hint: CODES[name] === "denied"
      ? `give the key from ${key} the right ${permission}`
      : name === "ExpiredTokenException"
      ? `the temporary key from ${key} has expired; get a new one, with its session token`
      : `check the key from ${key}, its secret, its session token if it is temporary, and this machine's clock`,
  });
}
