/** What may be copied from where to where: only what the config allows, said before anything is sent. */
import type { CopyRequest } from "../copy/request.ts";
import type { Plan } from "../copy/model.ts";
import type { Step } from "../copy/step.ts";
import { parseReference, parseRepository } from "../oci/reference.ts";
import { createMatcher, toRepositoryName } from "./allow_list.ts";
import type { ServerConfig } from "../config/server_config.ts";
import { RequestError } from "../problem.ts";
import type { FieldMistake } from "../problem.ts";

/** Checks names against the config's lists. Each throws RequestError `denied`, with a pointer to the field. */
export interface Allowed {
  copy(request: CopyRequest): void;
  step(step: Step): void;
  /** What only the source's manifests name: URLs of foreign layers. */
  plan(plan: Pick<Plan, "stages">): void;
  /** A reference or repository that is read, named by a parameter of the query. */
  read(parameter: string, name: string): void;
  /** A source and a destination that are compared. */
  comparison(request: CopyRequest): void;
}

/** What a name has to be allowed as; a `name` may be either. */
type Kind = "source" | "destination" | "name";

export function createAllowed({ allowSources, allowDestinations }: ServerConfig): Allowed {
  const isSource = createMatcher(allowSources);
  const isDestination = createMatcher(allowDestinations);
  const isReadable = (name: string): boolean => isSource(name) || isDestination(name);

  function refuse(mistakes: readonly (FieldMistake | undefined)[]): void {
    const errors = mistakes.filter((mistake) => mistake !== undefined);
    if (errors.length === 0) return;
    throw new RequestError("denied", errors.map(({ detail }) => detail).join("; "), {
      hint: "CROSSDOCK_ALLOW_SOURCES and CROSSDOCK_ALLOW_DESTINATIONS say what may be copied where",
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
    if (matches(name)) return undefined;
    return { ...place, detail: `${name} is not an allowed ${kind}` };
  }

  function refuseNames(
    { source, destination, referrerSource, referrerDestination }: CopyRequest,
    { from, to }: { from: Kind; to: Kind },
  ): void {
    refuse([
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
    copy: (request) => refuseNames(request, { from: "source", to: "destination" }),
    step(step): void {
      const destination = parseRepository(step.destination);
      const from = step.type === "referrers" ? undefined : parseRepository(step.source);
      const mounts = step.type === "blob" ? step.mountFrom : [];
      refuse([
        from && check({ pointer: "#/source" }, "source", toRepositoryName(from)),
        check({ pointer: "#/destination" }, "destination", toRepositoryName(destination)),
        // Mounting reads as much as copying does.
        ...mounts.map((repository, i) =>
          check({ pointer: `#/mountFrom/${i}` }, "source", `${destination.registry}/${repository}`)
        ),
        ...checkUrls(step, (i) => ({ pointer: `#/descriptor/urls/${i}` })),
      ]);
    },
    plan({ stages }): void {
      const steps = stages.flatMap((stage) => stage.steps);
      refuse(steps.flatMap((step) => checkUrls(step, () => ({ pointer: "#/foreignLayers" }))));
    },
    read(parameter, text): void {
      refuse([check({ parameter }, "name", toRepositoryName(parseReference(text)))]);
    },
    comparison: (request) => refuseNames(request, { from: "name", to: "name" }),
  };
}
