# The images. `./dev images` builds and checks them; by hand:
#
#   docker build --target forwarder --tag solar-forwarder:0.1.0 .       or publisher, or central (the reference server)
#
# Each is made from nothing: the program, the libraries that it loads, CA certificates, licences. There is no shell in it. Only
# plain instructions, so that every builder takes them: BuildKit, docker's old one (docker-compose 1.29 uses it), buildah.
# With the same base image and SOURCE_DATE_EPOCH, the layers are the same, byte for byte.
ARG BASE=debian:trixie-slim

FROM ${BASE} AS builder
# An SBOM of an image from scratch would be nearly empty: this one has what the libraries came from.
ARG BUILDKIT_SBOM_SCAN_STAGE=true
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /src
RUN apt-get update -q && apt-get install -q -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
COPY dev ./
RUN ./dev setup build

# Debian's libcurl loads Kerberos, LDAP, SSH and a second TLS library: 10 MB that nobody here uses. This is Debian's source of it
# with HTTPS and nothing else. Its version is the installed one's, so security updates come in here too.
ARG CURL_VERSION=
RUN find /etc/apt -name sources.list -o -name '*.sources' | xargs sed -i -E 's/^Types: deb$/& deb-src/; s/^deb (.*)/&\ndeb-src \1/' \
 && apt-get update -q && apt-get install -q -y --no-install-recommends dpkg-dev \
 && cd /tmp && apt-get source -q "curl=${CURL_VERSION:-$(dpkg-query -W -f '${source:Version}' libcurl4-openssl-dev)}" \
 && export CFLAGS="$(dpkg-buildflags --get CFLAGS) $(dpkg-buildflags --get CPPFLAGS)" \
 && cmake -S curl-* -B curl -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_INSTALL_PREFIX=/opt/curl -DBUILD_SHARED_LIBS=OFF \
      -DBUILD_CURL_EXE=OFF -DBUILD_LIBCURL_DOCS=OFF -DBUILD_MISC_DOCS=OFF -DENABLE_CURL_MANUAL=OFF -DHTTP_ONLY=ON \
      -DCURL_USE_OPENSSL=ON -DCURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt -DCURL_USE_LIBPSL=OFF -DCURL_USE_LIBSSH2=OFF \
      -DUSE_NGHTTP2=OFF -DUSE_LIBIDN2=OFF -DCURL_ZLIB=OFF -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF \
 && cmake --build curl && cmake --install curl && rm -rf curl* /var/lib/apt/lists/*

COPY . .
# What shared/version.sh prints; empty: the number in CMakeLists.txt.
ARG VERSION=
RUN cmake --preset release -DCMAKE_PREFIX_PATH=/opt/curl -DSOLAR_VERSION="$VERSION" \
 && cmake --build --preset release --target solar-forwarder solar-publisher solar-central

# One folder for each image. /var/lib/dpkg/status.d tells scanners which packages are in it, as distroless images do.
FROM builder AS trees
ARG SOURCE_DATE_EPOCH=0
RUN for program in forwarder:inbox publisher:outbox central:data; do \
      tree=/trees/${program%:*}; \
      binary=build/release/bin/solar-${program%:*}; \
      install -D --strip "$binary" "$tree/usr/bin/${binary##*/}"; \
      mapfile -t libraries < <(ldd "$binary" | grep -o '/[^ ]*'); \
      cp --parents --dereference "${libraries[@]}" "$tree"; \
      install -D -m 0644 /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/ca-certificates.crt"; \
      mkdir -p "$tree/usr/lib/ssl" "$tree/var/lib/dpkg/status.d"; \
      ln -s /etc/ssl/certs/ca-certificates.crt "$tree/usr/lib/ssl/cert.pem"; \
      printf 'root:x:0:0::/:/sbin/nologin\nsolar:x:1000:1000::/:/sbin/nologin\n' >"$tree/etc/passwd"; \
      printf 'root:x:0:\nsolar:x:1000:\n' >"$tree/etc/group"; \
      printf 'hosts: files dns\n' >"$tree/etc/nsswitch.conf"; \
      packages=(ca-certificates $(realpath "${libraries[@]}" | xargs dpkg-query -S | cut -d: -f1 | sort -u)); \
      for package in "${packages[@]}"; do dpkg-query -s "$package" >"$tree/var/lib/dpkg/status.d/$package"; done; \
      # The last four are compiled into the programs.
      for package in "${packages[@]}" libcurl4-openssl-dev nlohmann-json3-dev libcli11-dev libcpp-httplib-dev; do \
        install -D -m 0644 "/usr/share/doc/$package/copyright" "$tree/usr/share/doc/$package/copyright"; \
      done; \
      install -D -m 0644 LICENSE "$tree/usr/share/doc/solar-sync/LICENSE"; \
      install -d -o 1000 -g 1000 -m 0700 "$tree/${program#*:}"; \
    done; \
    find /trees -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

FROM scratch AS common
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.vendor="Solar Sync" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 1000:1000
STOPSIGNAL SIGTERM

FROM common AS publisher
LABEL org.opencontainers.image.title="solar-publisher" \
      org.opencontainers.image.description="Keeps a village's readings on disk until the central server has them"
COPY --from=trees /trees/publisher /
WORKDIR /outbox
# For the health check; 127.0.0.1 is the container itself.
ENV OUTBOX_PATH=/outbox/outbox.db HTTP_LISTEN=127.0.0.1:8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/usr/bin/solar-publisher", "health"]
ENTRYPOINT ["/usr/bin/solar-publisher"]
CMD ["run"]

FROM common AS central
LABEL org.opencontainers.image.title="solar-central" \
      org.opencontainers.image.description="Reference of the central server: for trials and tests"
COPY --from=trees /trees/central /
WORKDIR /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/usr/bin/solar-central", "health"]
ENTRYPOINT ["/usr/bin/solar-central"]
CMD ["--listen=0.0.0.0:8000", "--database=/data/central.db"]

# The last is what `docker build .` makes.
FROM common AS forwarder
LABEL org.opencontainers.image.title="solar-forwarder" \
      org.opencontainers.image.description="Takes readings from the MQTT broker and delivers each to the central server"
COPY --from=trees /trees/forwarder /
WORKDIR /inbox
ENV INBOX_PATH=/inbox/inbox.db
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/usr/bin/solar-forwarder", "health"]
ENTRYPOINT ["/usr/bin/solar-forwarder"]
CMD ["run"]
