# syntax=docker/dockerfile:1
# Rendered by packaging-targets from //:registry: edit the target or its template, not this file.
# packaging-targets: sha256:12a33bc7c551be69793625153a47166cd58c53750ac41bb0422774065c4a73bd

# Process 1 has to pass signals on and to reap orphans; few programs do, and tini does it for them.
FROM debian:13-slim AS init
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH="/opt/venv/bin:$PATH"
# Dependencies first: this layer lasts until they change.
COPY ["deploy/registry/requirements.txt", "./"]
RUN --mount=type=cache,target=/root/.cache/pip pip install --requirement requirements.txt

FROM python:3.13-slim
WORKDIR /app
COPY --from=init /usr/bin/tini-static /sbin/tini
COPY --from=build /opt/venv /opt/venv
COPY ["deploy/registry/", "./"]
ENV PATH="/opt/venv/bin:$PATH" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import sys, urllib.request as r; r.urlopen(sys.argv[1], timeout=4)", "http://127.0.0.1:8650/healthz"]
COPY ["packaging_targets/", "./packaging_targets/"]
ENV AAM_REGISTRY_HOST="0.0.0.0"
ENV AAM_REGISTRY_PORT="8650"
ENV AAM_REGISTRY_ROOT="/data"
USER 65532:65532
EXPOSE 8650
STOPSIGNAL SIGTERM
ARG VERSION=""
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="registry" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE"
ENTRYPOINT ["/sbin/tini", "--"]
CMD ["aam", "registry", "serve"]
COPY ["deploy/registry/aam", "/usr/local/bin/"]
# The one place that the program may write to: a new volume takes over whose it is.
USER 0:0
RUN mkdir -m 0700 /data && chown 65532:65532 /data
USER 65532:65532
