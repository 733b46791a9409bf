import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRepository } from "../../src/oci/reference.ts";
import { imagesOfReferrers, referrersElsewhere } from "../../src/registry/quirks.ts";

const PLACES: [images: string, referrers: string][] = [
  ["dhi.io/python", "registry.scout.docker.com/docker/dhi-python"],
  [
    "registry.k8s.io/sig-storage/csi-resizer",
    "us-central1-docker.pkg.dev/k8s-artifacts-prod/images/sig-storage/csi-resizer",
  ],
];
for (const [images, referrers] of PLACES) {
  test(`referrersElsewhere() of ${images}, and imagesOfReferrers() back`, () => {
    assert.equal(referrersElsewhere(parseRepository(images))?.name, referrers);
    assert.equal(imagesOfReferrers(referrers), images);
  });
}

test("referrersElsewhere() and imagesOfReferrers() know no other registries", () => {
  assert.equal(referrersElsewhere(parseRepository("ghcr.io/acme/app")), undefined);
  for (const name of ["registry.scout.docker.com/acme/dhi-python", "dhi.io/python", "", "*"]) {
    assert.equal(imagesOfReferrers(name), undefined);
  }
});
