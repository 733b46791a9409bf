/** Credentials that flags pass: on the command line, in a variable, or through a file descriptor. */
import { toCredential } from "../../auth/credentials.ts";
import type { Credential } from "../../auth/credentials.ts";
import { ParseError } from "../../errors.ts";
import type { CliEnvironment } from "../environment.ts";
import { readSecretDescriptor, readSecretVariable } from "./read_secret.ts";
import type { Secret } from "./read_secret.ts";
import type { CommandSide } from "./side.ts";

/** The longest tokens of cloud providers have about 4 KB. */
const MAX_LENGTH = 64 * 1024;

/** A credential and the flag that passed it. */
interface FlagCredential {
  readonly credential: Credential;
  readonly from: string;
}

/**
 * Reads the credential of a side's flags, if they pass one. No message contains any part of it.
 *
 * @throws ParseError if two flags contradict each other, or a value is invalid
 */
export async function readFlagCredential(
  { prefix, flags }: Pick<CommandSide, "prefix" | "flags">,
  environment: CliEnvironment,
): Promise<FlagCredential | undefined> {
  const { creds, credsEnv, credsFd, registryToken, registryTokenEnv, registryTokenFd } = flags;
  const passed = [
    { option: "creds", parse: parseCreds, text: creds, variable: credsEnv, fd: credsFd },
    {
      option: "registry-token",
      parse: parseToken,
      text: registryToken,
      variable: registryTokenEnv,
      fd: registryTokenFd,
    },
  ].flatMap(({ option, parse, text, variable, fd }) => [
    ...(text === undefined ? [] : [{ option, parse, text }]),
    ...(variable === undefined ? [] : [{ option: `${option}-env`, parse, variable }]),
    ...(fd === undefined ? [] : [{ option: `${option}-fd`, parse, fd }]),
  ]).map((flag) => ({ ...flag, option: `${prefix}${flag.option}` }));
  const others = [
    ...(flags.noCreds ? [`${prefix}no-creds`] : []),
    ...(flags.noCreds && flags.authfile !== undefined ? [`${prefix}authfile`] : []),
  ];
  const [first, second] = [...passed.map(({ option }) => option), ...others];
  if (second !== undefined) throw new ParseError(`${first} and ${second} cannot be combined`);
  const [flag] = passed;
  if (!flag) return undefined;
  const { text, from } = await readSecret(flag, environment);
  return { credential: flag.parse(text, from), from };
}

async function readSecret(
  flag: { option: string } & ({ text: string } | { variable: string } | { fd: number }),
  environment: CliEnvironment,
): Promise<Secret> {
  const { option } = flag;
  if ("text" in flag) return { text: flag.text, from: option };
  return "variable" in flag
    ? readSecretVariable(option, flag.variable, environment)
    : await readSecretDescriptor(option, flag.fd, environment);
}

/** Printable ASCII without spaces, because the token is part of an HTTP header. */
const TOKEN = /^[!-~]+$/;

function parseToken(text: string, from: string): Credential {
  if (text.length <= MAX_LENGTH && TOKEN.test(text)) return { kind: "registry_token", token: text };
  const fault = text.length > MAX_LENGTH
    ? `got more than ${MAX_LENGTH} characters`
    : text === ""
    ? "got an empty value"
    : /^bearer /i.test(text)
    ? "got a whole header"
    : "got spaces or other characters that a token does not have";
  throw new ParseError(`${from}: expected a bearer token, ${fault}`, {
    hint: 'pass the token alone, without "Bearer" and quotes',
  });
}

function parseCreds(text: string, from: string): Credential {
  const colon = text.indexOf(":");
  if (colon <= 0 || text.length > MAX_LENGTH) {
    const fault = text.length > MAX_LENGTH
      ? `got more than ${MAX_LENGTH} characters`
      : colon < 0
      ? "got a value without a colon"
      : "got a value without a user";
    throw new ParseError(`${from}: expected user:password, ${fault}`, {
      hint: "for an identity token, use <token> as the user and the token as the password",
    });
  }
  return toCredential(text.slice(0, colon), text.slice(colon + 1));
}
