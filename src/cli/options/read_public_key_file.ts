import { isPublicKey } from "../../admission/policy.ts";
import { ParseError } from "../../errors.ts";
import type { CliEnvironment } from "../environment.ts";
import { readOptionFile } from "./read_input_file.ts";

/**
 * Reads the public key of a signer, in PEM.
 *
 * @throws ParseError if it cannot be read, and for other content
 */
export async function readPublicKeyFile(
  path: string,
  environment: CliEnvironment,
): Promise<string> {
  const pem = await readOptionFile(path, "--key", environment);
  if (isPublicKey(pem)) return pem;
  throw new ParseError(`--key ${path}: expected one public key in PEM`, {
    hint: "cosign public-key and openssl pkey -pubout print it",
  });
}
