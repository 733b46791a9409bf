/** Calls the Amazon ECR API. */
import * as z from "zod";
import { awsErrorMembers, callAws } from "./aws_api.ts";
import type { AwsOptions } from "./aws_api.ts";
import type { CloudMemory } from "./cloud_credentials.ts";
import type { EcrRegistry } from "./ecr_registry.ts";
import { parseEcrRegistry } from "./ecr_registry.ts";
import type { ExchangeAnswer } from "./exchange.ts";
import { optionalSeconds, optionalText } from "./read_answer.ts";

/** An AWS access key, and how to reach the API. */
export interface EcrOptions extends AwsOptions {
  /** The URL of the API, for a VPC endpoint. Default: Amazon's public endpoint for the region of the registry. */
  readonly endpoint?: (region: string, service: "ecr" | "ecr-public") => URL;
  /** Maps a host to its registry, for a registry behind a custom domain. Default: {@linkcode parseEcrRegistry}. */
  readonly registryOf?: (registry: string) => EcrRegistry | undefined;
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
  ...awsErrorMembers,
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
  { registry: { api, region, service }, operation, input, what, signal }: {
    readonly registry: EcrRegistry;
    readonly operation: "GetAuthorizationToken" | "CreateRepository";
    readonly input: object;
    readonly what: string;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<EcrAnswer> {
  const target = `${TARGETS[service]}.${operation}`;
  const schema = answerSchema;
  return await callAws(options, { api, service, region, target, input, what, schema, signal });
}
