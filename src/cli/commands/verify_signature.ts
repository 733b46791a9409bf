/** `crossdock verify-signature REF` */
import type { Command } from "@commander-js/extra-typings";
import type { AdmissionPolicy, Requirement, Signer } from "../../admission/policy.ts";
import type { Engine } from "../../engine.ts";
import { ParseError } from "../../errors.ts";
import { parseReference, withDefaultTag } from "../../oci/reference.ts";
import type { CliEnvironment } from "../environment.ts";
import { addOptions } from "../options/add_options.ts";
import type { ValuesOf } from "../options/add_options.ts";
import { openEngine, openLocalEngine, rejectViaToken } from "../options/open_engine.ts";
import type { EngineFlags } from "../options/open_engine.ts";
import { openCliAdmission, readPolicyFile } from "../options/open_policy.ts";
import * as options from "../options/options.ts";
import { readPublicKeyFile } from "../options/read_public_key_file.ts";
import { toOnlySide } from "../options/side.ts";
import type { CommandSide } from "../options/side.ts";
import { exitCodeOf } from "../output/exit_codes.ts";
import { formatAdmission } from "../output/format_admission.ts";
import { writeJson, writeResult } from "../output/output.ts";
import { startProgress } from "../output/progress.ts";
import type { CommandContext } from "./command_context.ts";
import { suggestTags } from "./suggest_tags.ts";

type SignerFlags = ValuesOf<typeof options.SIGNER_OPTIONS> & { readonly policy?: string };

export function defineVerifySignature(command: Command, context: CommandContext): void {
  const { environment, signal, setExitCode } = context;
  addOptions(
    command.argument("<reference>", "registry/repository[:tag][@digest]"),
    options.policyOption,
    ...options.SIGNER_OPTIONS,
    ...options.SIGNED_REGISTRY_OPTIONS,
    ...options.REQUEST_OPTIONS,
    ...options.VIA_OPTIONS,
    options.jsonOption,
  ).action(async (reference, flags) => {
    const name = parseReference(reference);
    const { key: _, ...registryFlags } = flags;
    const side = toOnlySide(name, registryFlags);
    if (flags.via === undefined) rejectViaToken(flags);
    const engine = flags.via === undefined
      ? await openLocalEngine(environment, {
        ...flags,
        admission: openCliAdmission(await readPolicy(flags, environment), environment),
      }, side)
      : await openServerEngine(flags, environment, side);
    const { emit } = startProgress({ progress: "none", registry: name.registry }, environment);
    const checked = engine.admit(reference, { signal, emit });
    const verdict = await suggestTags(checked, engine, withDefaultTag(name), signal);
    if (verdict.result === "rejected") setExitCode(exitCodeOf("rejected"));
    if (flags.json) await writeJson(environment, verdict);
    else await writeResult(environment, formatAdmission(verdict));
  });
}

/** The server has a policy of its own. */
async function openServerEngine(
  flags: SignerFlags & EngineFlags,
  environment: CliEnvironment,
  side: CommandSide,
): Promise<Engine> {
  const names = ["policy", "key", "issuer", "identity", "attestation"] as const;
  const extra = names.find((name) => flags[name] !== undefined);
  if (extra) {
    throw new ParseError(`--${extra} cannot be combined with --via: the server has its own policy`);
  }
  return await openEngine(environment, flags, side);
}

/** The policy of a file, or one for every image that the flags describe. */
async function readPolicy(
  flags: SignerFlags,
  environment: CliEnvironment,
): Promise<AdmissionPolicy> {
  const { policy, key, issuer, identity, attestation } = flags;
  const others = { key, issuer, identity, attestation };
  if (policy !== undefined) {
    const extra = Object.entries(others).find(([, value]) => value !== undefined);
    if (extra) throw new ParseError(`--policy and --${extra[0]} cannot be combined`);
    return await readPolicyFile(policy, environment);
  }
  const requirement: Requirement = {
    signer: await readSigner(flags, environment),
    ...(attestation === undefined ? {} : { predicateType: attestation }),
  };
  return [{
    images: "**",
    rule: { require: "all", requirements: [requirement], children: false },
  }];
}

async function readSigner(
  { key, issuer, identity }: SignerFlags,
  environment: CliEnvironment,
): Promise<Signer> {
  if (key !== undefined) {
    if (issuer !== undefined || identity !== undefined) {
      throw new ParseError("--key cannot be combined with --issuer and --identity");
    }
    return { type: "key", pem: await readPublicKeyFile(key, environment) };
  }
  if (issuer !== undefined && identity !== undefined) return { type: "keyless", issuer, identity };
  throw new ParseError("expected --policy, --key, or --issuer and --identity", {
    hint: "name the signer that you trust: any other signature proves nothing",
  });
}
