import type { Receipts } from "../../copy/receipts.ts";
import { openAwsKey } from "../../credentials/cloud_keys.ts";
import { ParseError } from "../../errors.ts";
import { readReceiptKey } from "../../receipts/key.ts";
import { openReceipts } from "../../receipts/receipts.ts";
import type { CliEnvironment } from "../environment.ts";
import { readOptionFile } from "./read_input_file.ts";

/**
 * Opens the receipts of `--receipt-key`: a file with a private key, or a key in AWS KMS.
 *
 * @throws ParseError if it is no key
 */
export async function openCliReceipts(
  name: string,
  environment: CliEnvironment,
): Promise<Receipts> {
  const isKms = name.startsWith("awskms:");
  const text = isKms ? name : await readOptionFile(name, "--receipt-key", environment);
  const key = readReceiptKey(text.trim());
  if (typeof key === "string") throw new ParseError(`--receipt-key ${name}: ${key}`);
  return openReceipts({ key, names: new Map() }, await openAwsKey(environment));
}
