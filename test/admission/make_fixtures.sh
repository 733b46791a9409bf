#!/usr/bin/env bash
# Makes test/admission/fixtures again: images that cosign 3 and cosign 2 sign, with local keys and with a local Fulcio, Rekor and
# timestamp authority. Needs Go and openssl. The fixtures have new keys and digests each time.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=$root/.cache/bin
node=$root/.cache/runtimes/node_modules/.bin/node
packages=$root/.cache/sigstore
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT
# shellcheck source=test/support/memory_registry.sh
source "$root/test/support/memory_registry.sh"

# install NAME VERSION MODULE
install() {
  [ "$(cat "$bin/.$1.version" 2>/dev/null)" = "$2" ] && return
  echo "building $1 $2" >&2
  GOBIN=$work CGO_ENABLED=0 go install -trimpath -ldflags=-s "$3@$2"
  mv "$work/cosign" "$bin/$1"
  echo "$2" >"$bin/.$1.version"
}

bash "$root/test/registries/setup.sh" >&2
install cosign v3.1.3 github.com/sigstore/cosign/v3/cmd/cosign
install cosign2 v2.6.5 github.com/sigstore/cosign/v2/cmd/cosign
bash "$root/test/setup_runtimes.sh"
mkdir -p "$packages"
[ -d "$packages/node_modules/@sigstore/mock" ] ||
  npm install --silent --force --prefix "$packages" @sigstore/mock@0.13.0

cd "$work"
registry=127.0.0.1:5077
sigstore=http://127.0.0.1:5078
start_registry "$registry"
"$node" "$here/sigstore_server.mjs" 5078 root.json "$packages" &
pids+=($!)
until curl -so /dev/null "$sigstore"; do sleep 0.2; done

# A signing config says which services cosign uses. No service: only the key signs.
config() { echo "{\"mediaType\":\"application/vnd.dev.sigstore.signingconfig.v0.2+json\",$1}"; }
service() { echo "[{\"url\":\"$1\",\"majorApiVersion\":1,\"validFor\":{\"start\":\"2020-01-01T00:00:00Z\"},\"operator\":\"test\"}]"; }
ca="\"caUrls\":$(service "$sigstore")"
tsa="\"tsaUrls\":$(service "$sigstore/api/v1/timestamp"),\"tsaConfig\":{\"selector\":\"ANY\"}"
log="\"rekorTlogUrls\":$(service "$sigstore"),\"rekorTlogConfig\":{\"selector\":\"ANY\"}"
config '"rekorTlogConfig":{},"tsaConfig":{}' >none.json
config "$ca,$tsa,$log" >all.json
config "$ca,$tsa,\"rekorTlogConfig\":{}" >timestamps.json

encode() { printf %s "$1" | base64 -w0 | tr '+/' '-_' | tr -d =; }
issuer=https://token.actions.githubusercontent.com
# token IDENTITY: the local Fulcio does not verify the signature of the token.
token() {
  local now
  now=$(date +%s)
  echo "$(encode '{"alg":"RS256","typ":"JWT"}').$(encode "{\"iss\":\"$issuer\",\"sub\":\"$1\",\"aud\":\"sigstore\",\"iat\":$now,\"exp\":$((now + 600))}").$(encode signature)"
}

export COSIGN_PASSWORD=""
for curve in p256:prime256v1 p384:secp384r1 p521:secp521r1; do
  openssl ecparam -genkey -noout -name "${curve#*:}" -out "${curve%:*}.pem"
done
openssl genpkey -algorithm ed25519 -out ed25519.pem
openssl genrsa -traditional -out rsa.pem 2048
kinds=(p256 p384 p521 ed25519 rsa)
for kind in "${kinds[@]}"; do
  "$bin/cosign" import-key-pair -y --key "$kind.pem" --output-key-prefix "$kind"
done

echo content >file
tar -cf layer.tar file
"$bin/crane" append --insecure -f layer.tar -t "$registry/app:1"
digest=$("$bin/crane" digest --insecure "$registry/app:1")
echo '{"buildDefinition":{"buildType":"https://example.com/build"},"runDetails":{}}' >provenance.json

# repository NAME: one that has the image, and no signature.
repository() { "$bin/crane" copy --insecure "$registry/app:1" "$registry/$1:1" 2>/dev/null && echo "$registry/$1@$digest"; }
# cosign3 NAME ARGUMENTS...
cosign3() {
  local name
  name=$(repository "$1")
  shift
  "$bin/cosign" "$@" --allow-http-registry -y "$name"
}
cosign2() {
  local name
  name=$(repository "$1")
  shift
  "$bin/cosign2" "$@" --allow-http-registry --new-bundle-format=false -y "$name"
}

for kind in "${kinds[@]}"; do
  # cosign 3.1.3 does not accept its own signature with an Ed25519 key. The tests make one.
  [ "$kind" = ed25519 ] || cosign3 "$kind" sign --key "$kind.key" --signing-config none.json --trusted-root root.json
  cosign2 "legacy-$kind" sign --key "$kind.key" --tlog-upload=false
done
cosign3 attested attest --key p256.key --type slsaprovenance1 --predicate provenance.json \
  --signing-config none.json --trusted-root root.json
cosign2 legacy-attested attest --key p256.key --type slsaprovenance1 --predicate provenance.json --tlog-upload=false

workflow=https://github.com/acme/app/.github/workflows/release.yml@refs/tags
keyless3() { cosign3 "$1" sign --signing-config "$2" --trusted-root root.json --identity-token "$(token "$3")"; }
keyless3 keyless all.json "$workflow/v1"
keyless3 timestamp timestamps.json "$workflow/v1"
keyless3 longer all.json "$workflow/v1/not/the/release"
keyless3 embedded all.json "https://evil.example/$workflow/v1"
# cosign 2 reads the keys of the log and of the certificates from files.
pem() { "$node" -e "const [log] = JSON.parse(fs.readFileSync('root.json'))['$1'];
  console.log('-----BEGIN PUBLIC KEY-----\n' + log.publicKey.rawBytes + '\n-----END PUBLIC KEY-----')"; }
pem ctlogs >ct.key
pem tlogs >log.key
export SIGSTORE_CT_LOG_PUBLIC_KEY_FILE=$work/ct.key SIGSTORE_REKOR_PUBLIC_KEY=$work/log.key
cosign2 legacy-keyless sign --fulcio-url "$sigstore" --rekor-url "$sigstore" \
  --identity-token "$(token "$workflow/v1")"

"$bin/crane" index append --insecure -m "$registry/app:1" -t "$registry/index:1" --flatten=false
index=$("$bin/crane" digest --insecure "$registry/index:1")
"$bin/cosign" sign --key p256.key --signing-config none.json --trusted-root root.json --allow-http-registry -y \
  "$registry/index@$index"

deno run --allow-net --allow-read --allow-write "$here/write_fixtures.ts" "$registry" "$work" "$here/fixtures"
