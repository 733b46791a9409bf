# The server for self-hosting, on Deno: it runs the sources as they are, and may open connections, read its environment and
# /etc/crossdock, and nothing else. See docs/deploy/self-hosting.md.
ARG DENO_VERSION=2.9.6

FROM denoland/deno:${DENO_VERSION} AS build
WORKDIR /app
COPY deno.json deno.lock package.json ./
# Without what only tests and tools need, which `deno install --prod` would take from the lock all the same: 22 MB, not 317.
RUN deno eval 'const file = "package.json"; const { devDependencies: _, ...rest } = JSON.parse(Deno.readTextFileSync(file)); Deno.writeTextFileSync(file, JSON.stringify(rest));' \
  && deno install --quiet
COPY src src
RUN deno cache src/entries/serve.ts

# No shell, no package manager.
FROM denoland/deno:distroless-${DENO_VERSION}
WORKDIR /app
ENV DENO_DIR=/deno-dir NO_COLOR=1
COPY --from=build /deno-dir /deno-dir
COPY --from=build /app /app
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s \
  CMD ["deno", "eval", "const { ok } = await fetch(`http://127.0.0.1:${Deno.env.get('PORT') || 8080}/healthz`); Deno.exit(ok ? 0 : 1);"]
ENTRYPOINT ["deno", "run", "--no-prompt", "--cached-only", "--node-modules-dir=manual", "--allow-net", "--allow-env", "--allow-read=crossdock.yaml,/etc/crossdock", "src/entries/serve.ts"]
