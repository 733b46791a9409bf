# The program crossdock on Deno: the server by default, or the command that `docker run` names. It runs the sources; only the
# page of the server is built. Its permissions are the network, the environment,
# the CA certificates of the system, crossdock.yaml, /etc/crossdock and /var/lib/crossdock. See docs/deploy/self-hosting.md.
ARG DENO_VERSION=2.9.6

# The page is the same for each platform, so it is built on that of the builder.
FROM --platform=$BUILDPLATFORM denoland/deno:${DENO_VERSION} AS page
WORKDIR /app
COPY deno.json deno.lock package.json ./
COPY src/streams/package.json src/streams/
RUN deno install --quiet
COPY build build
COPY page page
COPY src src
RUN deno run --quiet --allow-all build/page.ts

FROM denoland/deno:${DENO_VERSION} AS build
WORKDIR /app
COPY deno.json deno.lock package.json ./
COPY src/streams/package.json src/streams/
# Deno links the packages into node_modules, so its own copy can be deleted. The server needs neither types nor what builds the page.
RUN deno install --quiet && rm -rf "$DENO_DIR/npm" && cd node_modules && rm -rf @types esbuild preact && \
  cd .deno && rm -rf @types+* @esbuild+* esbuild@* preact@*
COPY src src
COPY --from=page /app/src/server/page src/server/page
RUN deno cache src/cli/main.ts && mkdir -p /var/lib/crossdock

# An image without a shell or a package manager.
FROM denoland/deno:distroless-${DENO_VERSION}
WORKDIR /app
# HOST: loopback, the default, cannot be reached from outside the container. DOCKER_CONFIG: a folder that may be read.
ENV DENO_DIR=/deno-dir NO_COLOR=1 HOST=0.0.0.0 DOCKER_CONFIG=/etc/crossdock
COPY --from=build /deno-dir /deno-dir
COPY --from=build /app /app
# A volume for CROSSDOCK_HISTORY_FILE takes its owner from here.
COPY --from=build --chown=65532:65532 /var/lib/crossdock /var/lib/crossdock
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s \
  CMD ["deno", "eval", "const { ok } = await fetch(`http://127.0.0.1:${Deno.env.get('PORT') || 8080}/healthz`); Deno.exit(ok ? 0 : 1);"]
ENTRYPOINT ["deno", "run", "--no-prompt", "--cached-only", "--allow-net", "--allow-env", "--allow-read=crossdock.yaml,/etc/crossdock,/etc/ssl,/etc/pki,/var/lib/crossdock", "--allow-write=/var/lib/crossdock", "src/cli/main.ts"]
CMD ["serve"]
