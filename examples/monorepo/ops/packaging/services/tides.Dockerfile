# syntax=docker/dockerfile:1
# Rendered by packaging-targets from //services/tides:tides: edit the target or its template, not this file.
# packaging-targets: sha256:c7283dc1b70c9f98cc52ba1261516a73b878b254657b4ddebc44e1099284c3e4

# Go builds for other platforms by itself: the compiler runs on the machine's own.
FROM --platform=$BUILDPLATFORM golang:1.24 AS build
ARG TARGETOS TARGETARCH
ENV CGO_ENABLED=0 GOFLAGS=-buildvcs=false
# The final image has no shell and no curl: its health check is a program of its own. Not every engine knows `<<EOF`.
WORKDIR /health
RUN printf '%s\n' \
    'package main' \
    'import (' \
    '  "net"' \
    '  "net/http"' \
    '  "os"' \
    '  "strings"' \
    '  "time"' \
    ')' \
    'func main() {' \
    '  if strings.HasPrefix(os.Args[1], "http:") {' \
    '    client := http.Client{Timeout: 4 * time.Second}' \
    '    if answer, err := client.Get(os.Args[1]); err != nil || answer.StatusCode >= 400 {' \
    '      os.Exit(1)' \
    '    }' \
    '  } else if _, err := net.DialTimeout("tcp", os.Args[1], 4*time.Second); err != nil {' \
    '    os.Exit(1)' \
    '  }' \
    '}' \
    > main.go
RUN --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w" -o /out/health main.go
WORKDIR /src
# Dependencies first: this layer lasts until they change.
COPY ["services/tides/go.mod", "./"]
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY ["services/tides/", "./"]
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w" -o /out/app .

FROM gcr.io/distroless/static-debian13:nonroot
WORKDIR /app
COPY --from=build /out/ /usr/local/bin/
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["/usr/local/bin/health", "http://127.0.0.1:9000/health"]
USER 65532:65532
EXPOSE 9000
STOPSIGNAL SIGTERM
ARG VERSION=""
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="tides" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE"
CMD ["/usr/local/bin/app"]
