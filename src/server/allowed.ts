/** Checks sources and destinations against the allow-lists, before any request to a registry. */
import type { CopyRequest } from "../copy/request.ts";
import type { Plan } from "../copy/model.ts";
import type { Step } from "../copy/step.ts";
import { parseReference, parseRepository } from "../oci/reference.ts";
import { createMatcher, ruleNames, toRepositoryName } from "./allow_list.ts";
import { parseAccessName } from "../registry/check_access.ts";
import type { ServerConfig } from "../config/server_config.ts";
import { RequestError } from "../problem.ts";
import { imagesOfReferrers } from "../registry/quirks.ts";
import type { FieldMistake } from "../problem.ts";

/** Checks names against the allow-lists. Each method throws RequestError `denied` with a pointer to the field. */
export interface Allowed {
  copy(request: CopyRequest): void;
  step(step: Step): void;
  /** URLs of foreign layers, which are known only once the source's manifests are read. */
  plan(plan: Pick<Plan, "stages">): void;
  /** A reference or repository that is read. It must be an allowed source or destination. */
  read(place: Omit<FieldMistake, "detail">, name: string): void;
  /** A registry or repository whose credential is checked. Names of rules are allowed, too. */
  check(name: string, isPush: boolean): void;
  /** Two images to compare. Each must be an allowed source or destination. */
  comparison(request: CopyRequest): void;
}

/** The allow-list that has to match a name. */
type Kind = "source" | "destination" | "source or destination";

export function createAllowed({ allowSources, allowDestinations, sync }: ServerConfig): Allowed {
  const isSource = createMatcher(allowSources);
  const isDestination = createMatcher(allowDestinations);
  const isReadable = (name: string): boolean => isSource(name) || isDestination(name);

  function reject(mistakes: readonly (FieldMistake | undefined)[]): void {
    const errors = mistakes.filter((mistake) => mistake !== undefined);
    if (errors.length === 0) return;
    throw new RequestError("denied", errors.map(({ detail }) => detail).join("; "), {
      hint:
        "add it to CROSSDOCK_ALLOW_SOURCES or CROSSDOCK_ALLOW_DESTINATIONS in the server's configuration",
      errors,
    });
  }

  function check(
    place: Omit<FieldMistake, "detail">,
    kind: Kind,
    name: string,
  ): FieldMistake | undefined {
    const matches = kind === "source"
      ? isSource
      : kind === "destination"
      ? isDestination
      : isReadable;
    // A known repository of the referrers of an allowed image is allowed, too: copies read it without being told.
    if (matches(name) || kind !== "destination" && matches(imagesOfReferrers(name) ?? "")) {
      return undefined;
    }
    return { ...place, detail: `${name} is not an allowed ${kind}` };
  }

  function checkNames(
    { source, destination, referrerSource, referrerDestination }: CopyRequest,
    { from, to }: { from: Kind; to: Kind },
  ): void {
    reject([
      check({ pointer: "#/source" }, from, toRepositoryName(source)),
      check({ pointer: "#/destination" }, to, toRepositoryName(destination)),
      referrerSource &&
      check({ pointer: "#/referrerSource" }, from, toRepositoryName(referrerSource)),
      referrerDestination &&
      check({ pointer: "#/referrerDestination" }, to, toRepositoryName(referrerDestination)),
    ]);
  }

  function checkUrls(
    step: Step,
    placeOf: (index: number) => Omit<FieldMistake, "detail">,
  ): (FieldMistake | undefined)[] {
    const urls = step.type === "blob" ? step.descriptor.urls ?? [] : [];
    return urls.map((url, i) => {
      const { host, pathname } = new URL(url);
      return check(placeOf(i), "source", `${host}${pathname}`);
    });
  }

  return {
    copy: (request) => checkNames(request, { from: "source", to: "destination" }),
    step(step): void {
      const destination = parseRepository(step.destination);
      const from = "source" in step ? parseRepository(step.source) : undefined;
      const mounts = step.type === "blob" ? step.mountFrom : [];
      reject([
        from && check({ pointer: "#/source" }, "source", toRepositoryName(from)),
        check({ pointer: "#/destination" }, "destination", toRepositoryName(destination)),
        // A mount reads the repository, as a copy does.
        ...mounts.map((repository, i) =>
          check({ pointer: `#/mountFrom/${i}` }, "source", `${destination.registry}/${repository}`)
        ),
        ...checkUrls(step, (i) => ({ pointer: `#/descriptor/urls/${i}` })),
      ]);
    },
    plan({ stages }): void {
      const steps = stages.flatMap((stage) => stage.steps);
      reject(steps.flatMap((step) => checkUrls(step, () => ({ pointer: "#/foreignLayers" }))));
    },
    read(place, text): void {
      reject([
        check(place, "source or destination", toRepositoryName(parseReference(text))),
      ]);
    },
    check(name, isPush): void {
      const { sources, destinations } = ruleNames(sync.rules);
      const globs = [
        ...allowDestinations,
        ...destinations,
        ...(isPush ? [] : [...allowSources, ...sources]),
      ];
      const { registry, repository } = isPush ? parseRepository(name) : parseAccessName(name);
      // Of a whole registry, at least a part has to be allowed.
      const matches = createMatcher(
        repository === undefined ? globs.map((glob) => glob.split("/")[0] ?? "") : globs,
      );
      const checked = repository === undefined ? registry : `${registry}/${repository}`;
      if (matches(checked)) return;
      const kind = isPush ? "destination" : "source or destination";
      reject([{ pointer: "#/name", detail: `${checked} is not an allowed ${kind}` }]);
    },
    comparison: (request) =>
      checkNames(request, { from: "source or destination", to: "source or destination" }),
  };
}
