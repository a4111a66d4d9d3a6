# syntax=docker/dockerfile:1
# Rendered by packaging-targets from //services/scores:scores: edit the target or its template, not this file.
# packaging-targets: sha256:5c2a734e206adf2ff2a93a7e378e3e310ec2a17b2a13a1b30eb310cac24d70fa

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
COPY ["services/scores/requirements.txt", "./"]
RUN --mount=type=cache,target=/root/.cache/pip pip install --requirement requirements.txt

FROM python:3.13-slim
WORKDIR /app
COPY --from=init /usr/bin/tini-static /sbin/tini
COPY --from=build /opt/venv /opt/venv
COPY ["services/scores/", "./"]
ENV PATH="/opt/venv/bin:$PATH" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import sys, urllib.request as r; r.urlopen(sys.argv[1], timeout=4)", "http://127.0.0.1:8000/health"]
COPY ["dist/", "./dist/"]
ENV LEVELS="/app/dist/game/levels.json"
USER 65532:65532
EXPOSE 8000
STOPSIGNAL SIGTERM
ARG VERSION=""
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="scores" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE"
ENTRYPOINT ["/sbin/tini", "--"]
CMD ["python", "main.py"]
