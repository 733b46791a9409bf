import { isPublicKey } from "../../admission/policy.ts";
import { ParseError } from "../../errors.ts";
import type { CliEnvironment } from "../environment.ts";
import { readOptionFile } from "./read_input_file.ts";

/**
 * Reads the file of `--key`, the public key of a signer.
 *
 * @throws ParseError if it is no public key, or cannot be read
 */
export async function readPublicKeyFile(
  path: string,
  environment: CliEnvironment,
): Promise<string> {
  const pem = await readOptionFile(path, "--key", environment);
  if (isPublicKey(pem)) return pem;
  throw new ParseError(`--key ${path}: expected one public key in PEM`, {
    hint: "cosign public-key prints it, and openssl pkey -pubout",
  });
}
