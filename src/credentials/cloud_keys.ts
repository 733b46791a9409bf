/** Credentials from the keys of clouds in environment variables, for the command line and the library. Modules are loaded on use. */
import type { AwsOptions } from "../auth/aws_api.ts";
import type { CloudMemory } from "../auth/cloud_credentials.ts";
import type { CredentialMatch, CredentialSources } from "../auth/credentials.ts";
import type { FetchForExchange } from "../auth/exchange.ts";
import { CrossdockError, ParseError } from "../errors.ts";
import type { CreateRepository } from "../registry/request.ts";
import type { Runtime } from "../runtime.ts";

/** The process whose variables are read. */
export interface CloudKeysEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readTextFile(path: string): Promise<string>;
  /** Milliseconds since the epoch. */
  now(): number;
  createRuntime(): Promise<Pick<Runtime, "fetch">>;
}

/** What an exchange needs of the host. */
interface Host {
  readonly fetch: FetchForExchange;
  readonly now: () => number;
  readonly memory: CloudMemory;
}

interface Cloud {
  /** Hosts that may belong to the cloud. The module of the cloud decides. */
  readonly hosts: RegExp;
  /** The required variables. */
  readonly variables: readonly string[];
  /** Resolves to a reason, for messages, if the key is not usable here. */
  open(environment: CloudKeysEnvironment, host: Host): Promise<CredentialSources | string>;
}

const ECR: Cloud = {
  hosts:
    /\.amazonaws\.(com|com\.cn|eu)$|\.on\.(aws|amazonwebservices\.com\.cn)$|^(public\.ecr\.aws|ecr-public\.aws\.com)$/,
  variables: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
  async open({ env }, host): Promise<CredentialSources> {
    return (await import("../auth/ecr.ts")).ecrCredentials({ ...readAwsKey(env), ...host });
  },
};

const ACR: Cloud = {
  hosts: /\.azurecr\./,
  variables: ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"],
  async open({ env }, host): Promise<CredentialSources> {
    return (await import("../auth/acr.ts")).acrCredentials({
      tenantId: env["AZURE_TENANT_ID"] ?? "",
      clientId: env["AZURE_CLIENT_ID"] ?? "",
      clientSecret: env["AZURE_CLIENT_SECRET"] ?? "",
      authorityHost: env["AZURE_AUTHORITY_HOST"],
      ...host,
    });
  },
};

const GOOGLE_HOSTS = /\.pkg\.dev$|(^|\.)gcr\.io$/;

/** The content of a key file, as the server reads it. */
const GOOGLE_KEY: Cloud = {
  hosts: GOOGLE_HOSTS,
  variables: ["GOOGLE_SERVICE_ACCOUNT"],
  async open({ env }, host): Promise<CredentialSources> {
    const { artifactRegistryCredentials } = await import("../auth/artifact_registry.ts");
    return artifactRegistryCredentials({
      serviceAccount: env["GOOGLE_SERVICE_ACCOUNT"] ?? "",
      ...host,
    });
  },
};

/** The path of a key file, as Google's libraries read it. It may also hold other kinds of credentials. */
const GOOGLE_FILE: Cloud = {
  hosts: GOOGLE_HOSTS,
  variables: ["GOOGLE_APPLICATION_CREDENTIALS"],
  async open(environment, host): Promise<CredentialSources | string> {
    const option = "GOOGLE_APPLICATION_CREDENTIALS";
    const path = environment.env[option] ?? "";
    let serviceAccount: string;
    try {
      serviceAccount = await environment.readTextFile(path);
    } catch (error) {
      // The file is for other programs in the first place, so it must not break anonymous access.
      const isMissing = (error as { code?: string }).code === "ENOENT";
      return `${option} ${path}: ${isMissing ? "file not found" : "cannot be read"}`;
    }
    if (!/"type"\s*:\s*"service_account"/.test(serviceAccount)) {
      return `${option} ${path}: not the key of a service account`;
    }
    const { artifactRegistryCredentials } = await import("../auth/artifact_registry.ts");
    try {
      return artifactRegistryCredentials({ serviceAccount, from: `${option} ${path}`, ...host });
    } catch (error) {
      if (error instanceof ParseError) return error.message;
      throw error;
    }
  },
};

const CLOUDS: readonly Cloud[] = [ECR, GOOGLE_KEY, GOOGLE_FILE, ACR];

/**
 * Credentials for Amazon ECR, Google Artifact Registry and Azure Container Registry. A key is exchanged when one of its registries
 * requires a credential. A key that its cloud rejects counts as no credential: it may be set for other programs, and the image may be
 * public.
 */
export function openCloudKeys(environment: CloudKeysEnvironment): CredentialSources {
  const { env } = environment;
  const opened = new Map<Cloud, Promise<CredentialSources | string>>();
  const results = new Map<Cloud, CredentialSources | string>();
  /** Why a cloud rejected its key, by variable and registry. */
  const rejections = new Map<string, string>();
  const listClouds = (registry: string): Cloud[] =>
    CLOUDS.filter(({ hosts }) => hosts.test(registry.toLowerCase()));

  async function open(cloud: Cloud): Promise<CredentialSources | string> {
    const missing = cloud.variables.find((name) => !env[name]);
    const result = missing === undefined
      ? await cloud.open(environment, await createHost(environment))
      : `${missing}: not set`;
    results.set(cloud, result);
    return result;
  }

  let last = "";
  return {
    async lookup(registry, repository, options): Promise<CredentialMatch | undefined> {
      last = registry;
      for (const cloud of listClouds(registry)) {
        const opening = opened.get(cloud) ?? open(cloud);
        opened.set(cloud, opening);
        const source = await opening;
        if (typeof source === "string") continue;
        try {
          const match = await source.lookup(registry, repository, options);
          if (match) return match;
        } catch (error) {
          if (!isRejected(error)) throw error;
          rejections.set(`${cloud.variables[0]} ${registry}`, error.message);
        }
      }
      return undefined;
    },
    describe: (registry = last) =>
      listClouds(registry).flatMap((cloud) => {
        const result = results.get(cloud);
        if (result === undefined) return [`${cloud.variables[0]}: not read`];
        if (typeof result === "string") return [result];
        const rejection = rejections.get(`${cloud.variables[0]} ${registry}`);
        return rejection === undefined
          ? result.describe(registry)
          : [`${cloud.variables[0]}: ${rejection}`];
      }),
  };
}

/**
 * With `CROSSDOCK_ECR_CREATE_REPOSITORY=true`, and a key: creates a missing repository in Amazon ECR during a push.
 *
 * @returns `undefined` without them
 * @throws ParseError for another value of the variable
 */
export function openEcrCreation(environment: CloudKeysEnvironment): CreateRepository | undefined {
  const { env } = environment;
  const variable = "CROSSDOCK_ECR_CREATE_REPOSITORY";
  const flag = env[variable] || "false";
  if (!["true", "false"].includes(flag)) {
    throw new ParseError(`${variable}: expected true or false, got ${JSON.stringify(flag)}`);
  }
  if (flag === "false" || ECR.variables.some((name) => !env[name])) return undefined;
  return async (name, options) => {
    if (!ECR.hosts.test(name.registry)) return false;
    const { createEcrRepository } = await import("../auth/ecr.ts");
    const host = await createHost(environment);
    return await createEcrRepository({ ...readAwsKey(env), ...host })(name, options);
  };
}

/** The access key of AWS in environment variables, for other services than ECR. Resolves to undefined without one. */
export async function openAwsKey(
  environment: CloudKeysEnvironment,
): Promise<AwsOptions | undefined> {
  if (ECR.variables.some((name) => !environment.env[name])) return undefined;
  const { fetch, now } = await createHost(environment);
  return { ...readAwsKey(environment.env), fetch, now };
}

function isRejected(error: unknown): error is CrossdockError {
  return error instanceof CrossdockError && ["unauthorized", "denied"].includes(error.code);
}

function readAwsKey(
  env: CloudKeysEnvironment["env"],
): { accessKeyId: string; secretAccessKey: string; sessionToken: string | undefined } {
  return {
    accessKeyId: env["AWS_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: env["AWS_SECRET_ACCESS_KEY"] ?? "",
    sessionToken: env["AWS_SESSION_TOKEN"] || undefined,
  };
}

async function createHost(environment: CloudKeysEnvironment): Promise<Host> {
  const runtime = await environment.createRuntime();
  return {
    fetch: (request) => runtime.fetch(request),
    now: () => environment.now(),
    memory: new Map(),
  };
}
