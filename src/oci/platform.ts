/**
 * Parses, formats and matches platforms.
 *
 * ```text
 * platform := os [ "(" version ")" ] "/" architecture [ "/" variant ] [ ":" version ]
 * ```
 *
 * containerd writes the version in parentheses, go-containerregistry after a colon. Spellings are normalized like in containerd's
 * platforms package: https://github.com/containerd/platforms/blob/v0.2.1/database.go
 */

import * as z from "zod";
import { ParseError } from "../errors.ts";
import { schemaFor } from "../schema.ts";
import { quote } from "./quote.ts";

/** A platform of an index entry. */
export interface Platform {
  /** `linux` */
  readonly os: string;
  /** `arm64` */
  readonly architecture: string;
  /** `v8` */
  readonly variant?: string;
  /** `10.0.17763`, for Windows. */
  readonly "os.version"?: string;
  /** Features of the operating system that are required. */
  readonly "os.features"?: readonly string[];
}

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md, the `platform` property. */
export const platformSchema = schemaFor<Platform>()(z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().exactOptional(),
  "os.version": z.string().exactOptional(),
  "os.features": z.array(z.string()).exactOptional(),
}));

const WORD = "[A-Za-z0-9_-]+";
const VERSION = "[A-Za-z0-9_.-]+";
const VARIANT = "[A-Za-z0-9_.-]+";
const PLATFORM = new RegExp(
  `^(?<os>${WORD})(?:\\((?<inner>${VERSION})\\))?/(?<architecture>${WORD})` +
    `(?:/(?<variant>${VARIANT}))?(?::(?<outer>${VERSION}))?$`,
);

/**
 * Parses `linux/arm64/v8`, `windows/amd64:10.0.17763` or `windows(10.0.17763)/amd64`. The result is normalized: `linux/aarch64`
 * gives `linux/arm64`.
 *
 * @throws {ParseError} if the text is not os/architecture with an optional variant and version
 */
export function parsePlatform(text: string): Platform {
  const groups = PLATFORM.exec(text)?.groups;
  if (groups === undefined) {
    throw new ParseError(
      `parse platform ${quote(text)}: expected os/architecture or os/architecture/variant`,
      { hint: "write linux/amd64 or linux/arm/v7, or windows/amd64:10.0.17763 for a version" },
    );
  }
  const { os = "", architecture = "", variant, inner, outer } = groups;
  if (inner !== undefined && outer !== undefined) {
    throw new ParseError(`parse platform ${quote(text)}: it has two versions of the os`);
  }
  const version = inner ?? outer;
  return normalizePlatform({
    os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    ...(version === undefined ? {} : { "os.version": version }),
  });
}

/** The normalized platform, without a variant that is the default. */
function normalizePlatform(platform: Platform): Platform {
  const { variant: _, ...rest } = platform;
  const os = platform.os.toLowerCase();
  const [architecture, variant] = normalizeArchitecture(
    platform.architecture.toLowerCase(),
    platform.variant?.toLowerCase() ?? "",
  );
  return {
    ...rest,
    os: os === "macos" ? "darwin" : os,
    architecture,
    ...(variant === "" ? {} : { variant }),
  };
}

function normalizeArchitecture(architecture: string, variant: string): [string, string] {
  switch (architecture) {
    case "i386":
      return ["386", ""];
    case "x86_64":
    case "x86-64":
    case "amd64":
      return ["amd64", variant === "v1" ? "" : variant];
    case "aarch64":
    case "arm64":
      return ["arm64", ["8", "v8", "v8.0"].includes(variant) ? "" : variant];
    case "armhf":
      return ["arm", "v7"];
    case "armel":
      return ["arm", "v6"];
    case "arm":
      if (variant === "") return ["arm", "v7"];
      return ["arm", /^[5-8]$/.test(variant) ? `v${variant}` : variant];
    default:
      return [architecture, variant];
  }
}

/** Formats a platform for {@linkcode parsePlatform}, normalized: `linux/arm/v7`. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant, "os.version": version } = normalizePlatform(platform);
  const name = [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
  return version === undefined ? name : `${name}:${version}`;
}

/**
 * Whether a platform of an index entry matches a wanted one.
 *
 * A wanted platform without a variant matches every variant, except for arm, where it means v7. Version and features of the os
 * are compared only if wanted. A version also matches more specific ones: `10.0.17763` matches `10.0.17763.6414`.
 */
export function matchesPlatform(wanted: Platform, offered: Platform): boolean {
  const want = normalizePlatform(wanted);
  const offer = normalizePlatform(offered);
  if (want.os !== offer.os || want.architecture !== offer.architecture) return false;
  if (want.variant !== undefined && want.variant !== offer.variant) return false;
  const version = want["os.version"];
  if (version !== undefined && !`${offer["os.version"] ?? ""}.`.startsWith(`${version}.`)) {
    return false;
  }
  const features = offer["os.features"] ?? [];
  return (want["os.features"] ?? []).every((feature) => features.includes(feature));
}
