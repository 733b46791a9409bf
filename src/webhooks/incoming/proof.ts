/** How a sender proves that a request is its own, as a configuration says it. */
import * as z from "zod";

/** Shorter ones could be guessed over the network. */
const MIN_SECRET_LENGTH = 16;

const tooShort = `a secret is shorter than ${MIN_SECRET_LENGTH} characters`;

/** Several, so that one can be exchanged without losing an event: each of them is taken. */
const secrets = z.array(z.string().min(MIN_SECRET_LENGTH, tooShort)).min(1);

export const proofSchema = z.discriminatedUnion("kind", [
  /** The sender signs the body, in the way that it has. */
  z.strictObject({ kind: z.literal("signature"), secrets }),
  /** A header has this value. */
  z.strictObject({
    kind: z.literal("header"),
    name: z.string().regex(/^[A-Za-z0-9_-]+$/, "not the name of a header"),
    secrets,
  }),
  z.strictObject({ kind: z.literal("bearer"), secrets }),
  z.strictObject({
    kind: z.literal("basic"),
    username: z.string().regex(/^[^:]+$/, "a username is not empty and has no colon"),
    secrets,
  }),
  /** A token that Google signs for a service account. */
  z.strictObject({
    kind: z.literal("google"),
    audience: z.string().min(1),
    emails: z.array(z.email()).min(1),
  }),
  /** The last component of the URL's path is the secret: for senders that cannot prove themselves otherwise. */
  z.strictObject({
    kind: z.literal("path"),
    secrets: z.array(
      z.string().min(MIN_SECRET_LENGTH, tooShort).regex(
        /^[A-Za-z0-9_-]+$/,
        "a secret for a path holds something else than letters, digits, - and _",
      ),
    ).min(1),
  }),
]);

export type Proof = z.output<typeof proofSchema>;
