import type { StreamHash } from "../runtime.ts";

/** https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#constructors */
interface DigestStream extends WritableStream<Uint8Array<ArrayBuffer>> {
  readonly digest: Promise<ArrayBuffer>;
}

interface WorkerdCrypto {
  readonly DigestStream: new (algorithm: "SHA-256" | "SHA-512") => DigestStream;
}

/** Creates a streaming hash by workerd's `DigestStream`. Hashes in wasm or JS take at least six times as long. */
export function createDigestStreamHash(algorithm: "sha256" | "sha512"): StreamHash {
  const { DigestStream } = crypto as unknown as WorkerdCrypto;
  const stream = new DigestStream(algorithm === "sha256" ? "SHA-256" : "SHA-512");
  const writer = stream.getWriter();
  // An aborted blob leaves its hash unfinished.
  stream.digest.catch(() => {});
  writer.closed.catch(() => {});
  return {
    update: (chunk) => writer.write(chunk),
    async hex(): Promise<string> {
      await writer.close();
      return new Uint8Array(await stream.digest).toHex();
    },
  };
}
