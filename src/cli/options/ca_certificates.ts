import { ParseError } from "../../errors.ts";
import type { CliEnvironment } from "../environment.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g;

/**
 * Reads a file of PEM certificates.
 *
 * @throws ParseError if it cannot be read or holds none
 */
export async function readCaCertificates(
  path: string,
  option: string,
  environment: CliEnvironment,
): Promise<string[]> {
  let text: string;
  try {
    text = await environment.readTextFile(path);
  } catch (cause) {
    const { code } = cause as { code?: string };
    const fault = code === "ENOENT" ? "there is no such file" : "it cannot be read";
    throw new ParseError(`${option} ${path}: ${fault}`, { cause });
  }
  const certificates = text.match(CERTIFICATE)?.map((certificate) => `${certificate}\n`);
  if (certificates !== undefined) return certificates;
  throw new ParseError(`${option} ${path}: there is no certificate in it`, {
    hint: "want PEM: a text with -----BEGIN CERTIFICATE-----",
  });
}
