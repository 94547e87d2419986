# bucketproof as a container: configuration in /etc/bucketproof/config.toml with
# data_dir = "/var/lib/bucketproof", secrets as environment variables.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=1 go build -trimpath -o /bucketproof ./cmd/bucketproof

# DuckDB needs libstdc++; certificates are for AWS, mail and ticket systems.
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates libstdc++6 && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 bucketproof && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/bucketproof --shell /usr/sbin/nologin bucketproof \
    && install -d -o bucketproof -g bucketproof -m 0700 /var/lib/bucketproof
COPY --from=build /bucketproof /usr/bin/bucketproof
USER bucketproof
VOLUME /var/lib/bucketproof
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/bucketproof", "--config", "/etc/bucketproof/config.toml"]
CMD ["serve"]
