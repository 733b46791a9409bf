/** A fake of Google's token endpoint, with one service account. */
import { exportPKCS8, generateKeyPair, jwtVerify } from "jose";
import { serve } from "../support/serve.ts";
import type { Server } from "../support/serve.ts";

export const EMAIL = "mirror@project-1.iam.gserviceaccount.com";

const pair = await generateKeyPair("RS256", { extractable: true });

/** The private key of the account, in the form of its key file. */
export const privateKey = await exportPKCS8(pair.privateKey);

export interface GoogleServer extends Server {
  /** The claims of the assertions with a valid signature. */
  readonly claims: Record<string, unknown>[];
}

/** Handles `/token`: verifies the assertion with the public key and issues the tokens `ya29.1`, `ya29.2` and so on. */
export async function startGoogle(
  now: () => number,
  answer?: () => Response,
): Promise<GoogleServer> {
  const claims: Record<string, unknown>[] = [];
  const server = await serve(async (request) => {
    const form = new URLSearchParams(await request.text());
    const isForm = request.headers.get("content-type") === "application/x-www-form-urlencoded";
    if (!isForm || form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:jwt-bearer") {
      return Response.json({ error: "unsupported_grant_type" }, { status: 400 });
    }
    try {
      const { payload, protectedHeader } = await jwtVerify(
        form.get("assertion") ?? "",
        pair.publicKey,
        {
          algorithms: ["RS256"],
          audience: `http://${request.headers.get("host")}/token`,
          issuer: EMAIL,
          currentDate: new Date(now()),
          maxTokenAge: "1h",
        },
      );
      claims.push({ ...payload, kid: protectedHeader.kid });
    } catch {
      const description = "Invalid JWT Signature.";
      const body = { error: "invalid_grant", error_description: description };
      return Response.json(body, { status: 400 });
    }
    return answer?.() ??
      Response.json({
        access_token: `ya29.${claims.length}`,
        expires_in: 3599,
        token_type: "Bearer",
      });
  });
  return Object.assign(server, { claims });
}

/** The JSON of a key file with this `tokenUri`, and with some members replaced. */
export function keyFile(tokenUri: string, members: Record<string, unknown> = {}): string {
  return JSON.stringify({
    type: "service_account",
    project_id: "project-1",
    private_key_id: "key-1",
    private_key: privateKey,
    client_email: EMAIL,
    token_uri: tokenUri,
    ...members,
  });
}
