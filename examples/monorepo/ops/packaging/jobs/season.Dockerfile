# syntax=docker/dockerfile:1
# Rendered by packaging-targets from //jobs/season:season: edit the target or its template, not this file.
# packaging-targets: sha256:a0aac609fa2668b46b91c765daa6e13e4bf1ad01f8d95b4c92a695016aa57bf4

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
COPY ["jobs/season/requirements.txt", "./"]
RUN --mount=type=cache,target=/root/.cache/pip pip install --requirement requirements.txt

FROM python:3.13-slim
WORKDIR /app
COPY --from=init /usr/bin/tini-static /sbin/tini
COPY --from=build /opt/venv /opt/venv
COPY ["jobs/season/", "./"]
ENV PATH="/opt/venv/bin:$PATH" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
USER 65532:65532
STOPSIGNAL SIGTERM
ARG VERSION=""
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="season" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE"
ENTRYPOINT ["/sbin/tini", "--"]
CMD ["python", "season.py", "/data/runs.jsonl", "/data/winners.csv"]
