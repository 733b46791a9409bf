/** Credentials that flags pass: on the command line, in a variable, or through a file descriptor. */
import { toCredential } from "../../auth/credentials.ts";
import type { Credential } from "../../auth/credentials.ts";
import { ParseError } from "../../errors.ts";
import type { CliEnvironment } from "../environment.ts";
import { readSecretDescriptor, readSecretVariable } from "./read_secret.ts";
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
 * @throws ParseError if two flags pass one, or it is not `user:password`
 */
export async function readFlagCredential(
  { prefix, flags: { creds, credsEnv, credsFd } }: Pick<CommandSide, "prefix" | "flags">,
  environment: CliEnvironment,
): Promise<FlagCredential | undefined> {
  const [option, other] = [
    ...(creds === undefined ? [] : [`${prefix}creds`]),
    ...(credsEnv === undefined ? [] : [`${prefix}creds-env`]),
    ...(credsFd === undefined ? [] : [`${prefix}creds-fd`]),
  ];
  if (option === undefined) return undefined;
  if (other !== undefined) throw new ParseError(`${option} and ${other} cannot be combined`);
  if (creds !== undefined) return { credential: parseCreds(creds, option), from: option };
  const { text, from } = credsEnv === undefined
    ? await readSecretDescriptor(option, credsFd ?? 0, environment)
    : readSecretVariable(option, credsEnv, environment);
  return { credential: parseCreds(text, from), from };
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
