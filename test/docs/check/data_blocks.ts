/** Checks blocks of YAML, JSON and TOML. */
import { parse as parseToml } from "smol-toml";
import { parse as parseYaml, parseAllDocuments, stringify } from "yaml";
import { readAdmission } from "../../../src/config/read_admission.ts";
import { parseSyncConfig } from "../../../src/config/sync_config.ts";
import { newKey } from "../../receipts/support.ts";

const RULE = { source: "docker.io/library/alpine", target: "b.io/alpine", type: "repository" };

/** Keys of the file; all others are keys of a rule, of a webhook, or of `webhooks`. */
const FILE_KEYS = [
  "version",
  "x-",
  "creds",
  "defaults",
  "sync",
  "webhooks",
  "admission",
  "receipt",
];

/** The value of each variable, which is long enough for a secret. */
const VALUE = "0123456789abcdef0123456789abcdef";

const PUBLIC_KEY = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8nXRh950IZbRj8Ra/N9sbqOPZrfM
5/KAQN0/KjHcorm/J5yctVd7iEcnessRQjU917hmKO6JWVGHpDguIyakZA==
-----END PUBLIC KEY-----
`;

const { privateKey: PRIVATE_KEY } = newKey();

/** The value of a variable or of a file, by its name. */
function valueOf(name: string): string {
  if (/receipt/i.test(name)) return PRIVATE_KEY;
  return /(KEY|PEM|PUB)$|\.(pem|pub|crt)$/.test(name) ? PUBLIC_KEY : VALUE;
}

/** @returns mistakes, each a text that says where in the block */
export function checkYaml(text: string, variant: string): string[] {
  const problems = parseAllDocuments(text).flatMap((document) =>
    document.errors.map(({ message }) => message.split("\n")[0] ?? "")
  );
  if (problems.length > 0) return problems;
  if (variant === "") return checkConfig(text);
  if (variant === "part") return checkPart(text);
  return [];
}

function checkConfig(text: string): string[] {
  const env = new Proxy<Record<string, string>>({}, {
    get: (_, name) => valueOf(String(name)),
    getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true }),
  });
  try {
    parseSyncConfig(text, {
      from: "crossdock.yaml",
      env,
      now: 0,
      readFile: valueOf,
      allowsLocal: true,
      readAdmission,
    });
    return [];
  } catch (error) {
    return String(error instanceof Error ? error.message : error).split("\n");
  }
}

/** A part becomes a file by the keys around it. */
function checkPart(text: string): string[] {
  const part: unknown = parseYaml(text);
  const whole = toFile(part);
  if (whole === undefined) return ["expected a mapping, or a list of rules or of creds"];
  return checkConfig(stringify({ version: 1, sync: [RULE], ...whole }));
}

function toFile(part: unknown): Record<string, unknown> | undefined {
  if (typeof part !== "object" || part === null) return undefined;
  if (Array.isArray(part)) {
    const [first] = part;
    if (isRecord(first) && "registry" in first) return { creds: part };
    if (isRecord(first) && "images" in first) return { admission: part };
    return { sync: part };
  }
  const record = part as Record<string, unknown>;
  const [first = ""] = Object.keys(record);
  if (FILE_KEYS.includes(first) || first.startsWith("x-")) return record;
  if (first === "in" || first === "out") return { webhooks: record };
  return { sync: [{ ...RULE, ...record }] };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export function checkJson(text: string): string[] {
  return attempt(() => JSON.parse(text));
}

export function checkToml(text: string): string[] {
  return attempt(() => parseToml(text));
}

function attempt(parse: () => unknown): string[] {
  try {
    parse();
    return [];
  } catch (error) {
    return [String(error instanceof Error ? error.message.split("\n")[0] : error)];
  }
}
