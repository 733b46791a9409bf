#!/usr/bin/env bash
# Lets the real cosign check receipts: of an image and of an index with its platforms, plain ones and verification summaries. cosign
# must accept each with the key of the receipts, and reject it with another key, type and digest. Needs Deno, openssl, and Go, because
# it builds cosign on first use; COSIGN names one that is built.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=$root/.cache/bin
version=v3.1.3
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT
# shellcheck source=test/support/memory_registry.sh
source "$root/test/support/memory_registry.sh"

bash "$root/test/registries/setup.sh" >&2
cosign=${COSIGN:-$bin/cosign}
if [ -z "${COSIGN:-}" ] && [ "$(cat "$bin/.cosign.version" 2>/dev/null)" != "$version" ]; then
  echo "building cosign $version" >&2
  GOBIN=$bin CGO_ENABLED=0 go install -trimpath -ldflags=-s "github.com/sigstore/cosign/v3/cmd/cosign@$version"
  echo "$version" >"$bin/.cosign.version"
fi

crossdock() { bash "$root/build/crossdock.sh" "$@"; }

cd "$work"
registry=127.0.0.1:5079
start_registry "$registry"

export COSIGN_PASSWORD=""
for name in receipts other signer; do
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$name.pem"
  openssl pkey -in "$name.pem" -pubout -out "$name.pub"
done
"$cosign" import-key-pair -y --key signer.pem --output-key-prefix cosign 2>/dev/null

for name in amd64 arm64; do
  echo "$name" >file
  tar -cf layer.tar file
  "$bin/crane" append --insecure -f layer.tar -t "$registry/app:$name" >/dev/null 2>&1
  "$bin/crane" mutate --insecure --set-platform "linux/$name" "$registry/app:$name" -t "$registry/app:$name" >/dev/null 2>&1
done
"$bin/crane" index append --insecure -m "$registry/app:amd64" -m "$registry/app:arm64" -t "$registry/app:index" >/dev/null 2>&1

# No service of Sigstore: only the key signs.
echo '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}' >none.json
for tag in amd64 index; do
  "$cosign" sign --key cosign.key --signing-config none.json --allow-http-registry -y \
    "$registry/app@$("$bin/crane" digest --insecure "$registry/app:$tag")" 2>/dev/null
done
cat >policy.yaml <<END
admission: [{ images: "**", signatures: [{ key: '{{ file "$work/signer.pub" }}' }] }]
END

plain=urn:crossdock:receipt:v1
summary=https://slsa.dev/verification_summary/v1
checks=0
failures=0

# judge EXPECTED KEY TYPE REFERENCE: EXPECTED is accept or reject.
judge() {
  local found=reject
  "$cosign" verify-attestation --insecure-ignore-tlog --allow-insecure-registry --allow-http-registry \
    --key "$2" --type "$3" "$4" >cosign.log 2>&1 && found=accept
  checks=$((checks + 1))
  [ "$found" = "$1" ] && return
  failures=$((failures + 1))
  echo "expected cosign to $1 $4 with $2 as $3:" >&2
  cat cosign.log >&2
}

for tag in amd64 index; do
  crossdock copy --quiet --receipt-key receipts.pem "$registry/app:$tag" "$registry/plain:$tag"
  crossdock copy --quiet --receipt-key receipts.pem --policy policy.yaml "$registry/app:$tag" "$registry/summary:$tag"
done
index=$("$bin/crane" digest --insecure "$registry/app:index")
amd64=$("$bin/crane" digest --insecure "$registry/app:amd64")
arm64=$("$bin/crane" digest --insecure "$registry/app:arm64")
for digest in "$index" "$amd64" "$arm64"; do
  judge accept receipts.pub "$plain" "$registry/plain@$digest"
  judge accept receipts.pub "$summary" "$registry/summary@$digest"
  judge reject other.pub "$plain" "$registry/plain@$digest"
  judge reject other.pub "$summary" "$registry/summary@$digest"
  judge reject receipts.pub "$summary" "$registry/plain@$digest"
  judge reject receipts.pub "$plain" "$registry/app@$digest"
done
# The signature of the image is still there, and its own.
"$cosign" verify --insecure-ignore-tlog --allow-http-registry --key signer.pub "$registry/plain@$index" >/dev/null 2>&1 ||
  failures=$((failures + 1))
for repository in plain summary; do
  crossdock receipts --key receipts.pub "$registry/$repository:index" >/dev/null || failures=$((failures + 1))
  if crossdock receipts --key other.pub "$registry/$repository:index" >/dev/null 2>&1; then failures=$((failures + 1)); fi
done

echo "$("$cosign" version 2>/dev/null | sed -n 's/^GitVersion: *//p'): $checks receipts judged, $failures failures"
[ "$failures" -eq 0 ]
