/**
 * Recognises Amazon ECR registries by their host names.
 *
 * ```text
 * host    := private / public
 * private := 12DIGIT ".dkr" ( ".ecr" / "-ecr" ) [ "-fips" ] "." region "." suffix
 * suffix  := "amazonaws.com" / "amazonaws.com.cn" / "amazonaws.eu"      the IPv4 names, ".dkr.ecr"
 *          / "on.aws" / "on.amazonwebservices.com.cn"                   the dual-stack names, ".dkr-ecr"
 * public  := "public.ecr.aws" / "ecr-public.aws.com"
 * ```
 *
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html and amazon-ecr-credential-helper
 * (ecr-login/api/client.go, ecrPattern). Partitions without access from a public network are not supported.
 */

/** An Amazon ECR registry and the URL of its API. */
export interface EcrRegistry {
  /** The service name in signatures of API requests. */
  readonly service: "ecr" | "ecr-public";
  /** `eu-west-1` */
  readonly region: string;
  /** Twelve digits; undefined for the public registry, which all accounts share. */
  readonly account: string | undefined;
  /** The URL of the API for the region. */
  readonly api: URL;
}

/** Maps the suffix of a registry host to the suffix of its API host: https://docs.aws.amazon.com/general/latest/gr/ecr.html */
const API_SUFFIXES: Readonly<Record<string, string>> = {
  "on.aws": "api.aws",
  "on.amazonwebservices.com.cn": "api.amazonwebservices.com.cn",
};

const ACCOUNT = "(?<account>[0-9]{12})";
const REGION = "(?<region>[a-z]{2,5}(?:-[a-z]+)+-[0-9]+)";
const IPV4 =
  `\\.ecr(?<fips>-fips)?\\.${REGION}\\.(?<suffix>amazonaws\\.com(?:\\.cn)?|amazonaws\\.eu)`;
const DUAL_STACK =
  `-ecr(?<fips>-fips)?\\.${REGION}\\.(?<suffix>on\\.aws|on\\.amazonwebservices\\.com\\.cn)`;

const PRIVATE = [IPV4, DUAL_STACK].map((rest) => new RegExp(`^${ACCOUNT}\\.dkr${rest}$`));

/** The only region of the public registry's API: amazon-ecr-credential-helper, ecr-login/api/factory.go. */
const PUBLIC_REGION = "us-east-1";

/** Parses the name of a registry as in a reference. Returns undefined if it is not an Amazon registry. */
export function parseEcrRegistry(registry: string): EcrRegistry | undefined {
  const host = registry.toLowerCase();
  if (host === "public.ecr.aws" || host === "ecr-public.aws.com") {
    return {
      service: "ecr-public",
      region: PUBLIC_REGION,
      account: undefined,
      api: new URL(`https://api.ecr-public.${PUBLIC_REGION}.amazonaws.com/`),
    };
  }
  const { account, region, suffix, fips } = match(host) ?? {};
  if (account === undefined || region === undefined || suffix === undefined) return undefined;
  const apiSuffix = API_SUFFIXES[suffix];
  // The API host begins with api.ecr for IPv4, ecr for dual stack, and ecr-fips for FIPS in both.
  const name = fips !== undefined ? "ecr-fips" : apiSuffix === undefined ? "api.ecr" : "ecr";
  return {
    service: "ecr",
    region,
    account,
    api: new URL(`https://${name}.${region}.${apiSuffix ?? suffix}/`),
  };
}

function match(host: string): Partial<Record<string, string>> | undefined {
  return PRIVATE.map((pattern) => pattern.exec(host)?.groups).find((groups) => groups);
}
