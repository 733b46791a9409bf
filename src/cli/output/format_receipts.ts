import type { FoundReceipt, ManifestReceipts } from "../../receipts/list_receipts.ts";

/** The receipts of an image as lines: each manifest, and beneath it its receipts. */
export function formatReceipts(
  image: string,
  manifests: readonly ManifestReceipts[],
): string[] {
  const receipts = manifests.flatMap(({ receipts }) => receipts);
  const isChecked = manifests.some(({ isProven }) => isProven !== undefined);
  return [
    `image      ${image}`,
    ...manifests.flatMap(({ digest, receipts }) => [
      "",
      digest,
      ...receipts.flatMap(formatReceipt),
      ...(receipts.length === 0 ? ["  missing   it has no receipt"] : []),
    ]),
    ...(receipts.length === 0 || isChecked
      ? []
      : ["", "name the signer's public key by --key to check the receipts"]),
  ];
}

function formatReceipt(
  { receipt, state, reason, name, source, copiedAt, policy, attestations = [] }: FoundReceipt,
): string[] {
  const line = (label: string, text: string | undefined): string[] =>
    text === undefined ? [] : [`  ${label.padEnd(10)}${text}`];
  return [
    ...line(state, receipt),
    ...line("reason", reason),
    ...line("copy of", source),
    ...line("in", name),
    ...line("at", copiedAt),
    ...line("policy", policy),
    ...attestations.flatMap((attestation) => line("accepted", attestation)),
  ];
}
