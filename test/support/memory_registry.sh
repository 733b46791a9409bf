# Sourced by scripts that are run by hand.

# start_registry HOST:PORT: starts docker-registry, which keeps everything in memory, and waits until it answers. Its files are in the
# current folder, and its process is added to `pids`.
start_registry() {
  cat >registry.yml <<END
version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { inmemory: {} }
http: { addr: "$1" }
END
  docker-registry serve registry.yml 2>registry.log &
  pids+=($!)
  until curl -so /dev/null "$1/v2/"; do sleep 0.2; done
}
