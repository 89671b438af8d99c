# The image of the operator and of every server: one binary on a base without a shell or a package manager.
#
#   docker build --build-arg REVISION="$(git rev-parse --short=12 HEAD)" --tag ghcr.io/nauthera/nauthera:0.1.0 .
#
# It writes nowhere but into volumes and runs as a user that is not root. tests/house holds this file to Cargo.toml and to the user that
# the operator gives to servers; tests/kubernetes holds the binary to the libraries of the base.

FROM rust:1.95-slim-bookworm AS build
ARG REVISION=
WORKDIR /source
COPY . .
# The target folder is a cache of the builder and no layer.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/target \
    CARGO_TARGET_DIR=/target NAUTHERA_COMMIT="$REVISION" cargo build --locked --release --package nauthera && \
    install -D /target/release/nauthera /out/nauthera

# glibc and libgcc of the same Debian as above, CA certificates, and nothing else.
FROM gcr.io/distroless/cc-debian12:nonroot
ARG REVISION=
LABEL org.opencontainers.image.title="Nauthera" \
      org.opencontainers.image.description="An OpenID provider that is configured by nothing but manifests" \
      org.opencontainers.image.source="https://github.com/nauthera/nauthera" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /out/nauthera /usr/local/bin/nauthera
COPY LICENSE /usr/share/doc/nauthera/LICENSE
# A number, so that a kubelet can see that it is not root.
USER 65532:65532
EXPOSE 8080 8082 8443
ENTRYPOINT ["/usr/local/bin/nauthera"]
