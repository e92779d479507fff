# Mosquitto, and what makes its credentials and the villages' weather: one image for the parts of compose.yaml that need a shell.
ARG BASE=debian:trixie-slim
FROM ${BASE}
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends mosquitto mosquitto-clients openssl \
 && rm -rf /var/lib/apt/lists/* \
# A volume takes its owner from the folder that it is mounted over first.
 && install -d -o 1000 -g 1000 -m 0700 /mosquitto/data /readings /credentials /credentials/broker /credentials/forwarder \
      /credentials/observer /credentials/central /credentials/villages /credentials/villages/Bamenda \
      /credentials/villages/Buea /credentials/villages/Maroua
COPY make-credentials sunny-day /usr/local/bin/
ENV CREDENTIALS_DIR=/credentials
USER 1000:1000
