# syntax=docker/dockerfile:1
# Rendered by packaging-targets from //services/lobby:lobby: edit the target or its template, not this file.
# packaging-targets: sha256:cf330cdb61758ca71768783c58e7551e269c42a159b2d9994afff269785a3bd6

# Process 1 has to pass signals on and to reap orphans; few programs do, and tini does it for them.
FROM debian:13-slim AS init
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*

FROM node:24-slim AS build
WORKDIR /app
# Dependencies first: this layer lasts until they change.
COPY ["services/lobby/package.json", "services/lobby/package-lock.json", "./"]
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund --omit=dev
COPY ["services/lobby/", "./"]

FROM node:24-slim
WORKDIR /app
COPY --from=init /usr/bin/tini-static /sbin/tini
COPY --from=build /app ./
ENV NODE_ENV=production HOME=/tmp
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["node", "-e", "fetch(process.argv[1]).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))", "http://127.0.0.1:8080/health"]
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
ARG VERSION=""
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="lobby" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE"
ENTRYPOINT ["/sbin/tini", "--"]
CMD ["node", "server.js"]
