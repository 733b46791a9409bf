"""Names that the API takes, for schemathesis: nearly all that it would make of a string by itself is none.

Those of the two registries of test/schemathesis/run.ts are allowed, and there; all others have to be refused.
"""

import hashlib
import json
import os

import schemathesis
from hypothesis import strategies

SOURCE = os.environ["SOURCE_REGISTRY"]
DESTINATION = os.environ["DESTINATION_REGISTRY"]
SIZES = json.loads(os.environ["SOURCE_SIZES"])
INDEX = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'

registries = strategies.sampled_from(
    [SOURCE, DESTINATION, "docker.io", "registry.example.com", "127.0.0.1:1", "localhost", "[::1]:5000"]
)
components = strategies.from_regex(r"[a-z0-9]{1,8}([._-][a-z0-9]{1,8})?", fullmatch=True)
paths = strategies.lists(components, min_size=1, max_size=3).map("/".join)
tags = strategies.from_regex(r":[A-Za-z0-9_][A-Za-z0-9_.-]{0,16}", fullmatch=True)
digests = strategies.from_regex(r"@sha256:[0-9a-f]{64}", fullmatch=True)
nothing = strategies.just("")

repositories = strategies.one_of(
    strategies.sampled_from([f"{SOURCE}/app", f"{DESTINATION}/app"]),
    strategies.builds("{}/{}".format, registries, paths),
)
references = strategies.one_of(
    strategies.sampled_from([f"{SOURCE}/app:1", f"{SOURCE}/app:2", f"{DESTINATION}/app:1"]),
    strategies.builds("{}{}{}".format, repositories, tags | nothing, digests | nothing),
)
platforms = strategies.one_of(
    strategies.sampled_from(["linux/amd64", "linux/arm64/v8", "windows/amd64:10.0.17763"]),
    strategies.from_regex(r"[a-z0-9_-]{1,8}/[a-z0-9_-]{1,8}(/[a-z0-9.]{1,4})?", fullmatch=True),
)

schemathesis.openapi.format("oci-repository", repositories)
schemathesis.openapi.format("oci-repository-path", paths)
schemathesis.openapi.format("oci-reference", references)
schemathesis.openapi.format("oci-platform", platforms)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes fields agree that are right one by one, and the content of a step a manifest: no schema can ask for this."""
    body = case.body
    if not case.meta.generation.mode.is_positive:
        return
    # A cursor is right only if an earlier answer had it.
    (kwargs.get("params") or {}).pop("cursor", None)
    if isinstance(case.query, dict):
        case.query.pop("cursor", None)
    if not isinstance(body, dict):
        return
    if "only" in body:
        body["only"] = body["only"].partition("@")[0]
    if "content" in body:
        body["content"] = INDEX
        body["descriptor"]["mediaType"] = json.loads(INDEX)["mediaType"]
        body["descriptor"]["digest"] = f"sha256:{hashlib.sha256(INDEX.encode()).hexdigest()}"
        body["descriptor"]["size"] = len(INDEX.encode())
    if body.get("type") == "blob":
        # A blob of another size than its step says is a source that gives wrong bytes: an honest 502.
        descriptor = body["descriptor"]
        descriptor["size"] = SIZES.get(descriptor["digest"], descriptor["size"])
    if body.get("index") == "unwrap":
        body["platforms"] = (body.get("platforms") or ["linux/amd64"])[:1]
    if "@" in body.get("source", "") and "destination" in body:
        body["destination"] = body["destination"].partition("@")[0]


@schemathesis.deserializer("application/x-ndjson")
def last_event(context, response):
    """The document has the schema of one event. All are JSON; the last is checked here, each in test/server/examples.test.ts."""
    return [json.loads(line) for line in response.text.splitlines()][-1]
