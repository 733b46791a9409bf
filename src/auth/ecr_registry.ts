/**
 * Amazon's registries by their host names.
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
 * (ecr-login/api/client.go, ecrPattern). The partitions that no public network reaches are left out.
 */

/** A registry of Amazon's, and where its API answers. */
export interface EcrRegistry {
  /** As requests to the API are signed. */
  readonly service: "ecr" | "ecr-public";
  /** `eu-west-1` */
  readonly region: string;
  /** Twelve digits; undefined for the public registry, which is everybody's. */
  readonly account: string | undefined;
  readonly api: URL;
}

/** Suffix of a registry's host to that of the API: https://docs.aws.amazon.com/general/latest/gr/ecr.html */
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

/** The public registry's API is in one region alone: amazon-ecr-credential-helper, ecr-login/api/factory.go. */
const PUBLIC_REGION = "us-east-1";

/** Reads a registry's name as in a reference; undefined for one that is not Amazon's. */
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
  // The three kinds of names have kept their own forms: api.ecr for IPv4, ecr for dual stack, ecr-fips for both.
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
