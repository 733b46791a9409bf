/** Credentials from flags: on the command line, in a variable, or from a file descriptor. */
import { toCredential } from "../../auth/credentials.ts";
import type { Credential } from "../../auth/credentials.ts";
import { ParseError } from "../../errors.ts";
import type { CliEnvironment } from "../environment.ts";
import { readSecretDescriptor, readSecretVariable } from "./read_secret.ts";
import type { NamedSideFlags } from "./side_flags.ts";

/** The longest tokens of clouds have some 4 KB. */
const MAX_LENGTH = 64 * 1024;

/** A credential and the flag that it came by. */
export interface GivenCredential {
  readonly credential: Credential;
  readonly from: string;
}

/**
 * The credential that the flags give, if they do. No message ever holds any part of it.
 *
 * @throws ParseError if there are two, or it is not `user:password`
 */
export async function readGivenCredential(
  { prefix, flags }: NamedSideFlags,
  environment: CliEnvironment,
): Promise<GivenCredential | undefined> {
  const { creds, credsEnv, credsFd } = flags;
  const [option, other] = [
    ...(creds === undefined ? [] : [`${prefix}creds`]),
    ...(credsEnv === undefined ? [] : [`${prefix}creds-env`]),
    ...(credsFd === undefined ? [] : [`${prefix}creds-fd`]),
  ];
  if (option === undefined) return undefined;
  if (other !== undefined) {
    throw new ParseError(`${option} and ${other} exclude each other: give one of them`);
  }
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
      ? "it is too long"
      : colon < 0
      ? "there is no colon in it"
      : "there is nothing before the colon";
    throw new ParseError(`${from}: want user:password, ${fault}`, {
      hint: "for an identity token write <token>:… with the token as the password",
    });
  }
  return toCredential(text.slice(0, colon), text.slice(colon + 1));
}
