/** The configuration of a proof: how the requests of a sender are authenticated. */
import * as z from "zod";

/** Shorter ones could be guessed over the network. */
const MIN_SECRET_LENGTH = 16;

const tooShort = `expected a secret of at least ${MIN_SECRET_LENGTH} characters`;

/** Each of them is accepted, so that one can be replaced without losing events. */
const secrets = z.array(z.string().min(MIN_SECRET_LENGTH, tooShort)).min(1);

export const proofSchema = z.discriminatedUnion("kind", [
  /** The sender signs the body. */
  z.strictObject({ kind: z.literal("signature"), secrets }),
  /** A header has this value. */
  z.strictObject({
    kind: z.literal("header"),
    name: z.string().regex(/^[A-Za-z0-9_-]+$/, "expected the name of a header"),
    secrets,
  }),
  z.strictObject({ kind: z.literal("bearer"), secrets }),
  z.strictObject({
    kind: z.literal("basic"),
    username: z.string().regex(/^[^:]+$/, "expected a username without a colon"),
    secrets,
  }),
  /** A token that Google signs for a service account. */
  z.strictObject({
    kind: z.literal("google"),
    audience: z.string().min(1),
    emails: z.array(z.email()).min(1),
  }),
  /** The last component of the URL's path is the secret: for senders that support nothing else. */
  z.strictObject({
    kind: z.literal("path"),
    secrets: z.array(
      z.string().min(MIN_SECRET_LENGTH, tooShort).regex(
        /^[A-Za-z0-9_-]+$/,
        "expected a secret of letters, digits, - and _, because it is part of a path",
      ),
    ).min(1),
  }),
]);

export type Proof = z.output<typeof proofSchema>;
