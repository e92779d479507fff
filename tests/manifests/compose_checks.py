"""What compose's schema does not see in our compose file. Each check is a generator of sentences; no sentence, no fault.

usage: compose_checks.py [--bin FOLDER] COMPOSE.yaml
"""

import argparse
import pathlib
import sys
import urllib.parse

import yaml

from broker_checks import memory_faults
from model import dig, misread_options, quantity
from own_checks import OWN_VARIABLES, PROGRAMS, ROOT, setting_faults

# Who makes a volume's content; everybody else reads it, if it holds credentials.
MAKER = "prepare"
SIZES = {"m": 2**20, "g": 2**30}


def containers_are_restricted(compose):
    for name, service in compose["services"].items():
        if not str(service.get("user", "0")).split(":")[0].strip("0"):
            yield f"{name}: runs as root"
        if service.get("read_only") is not True:
            yield f"{name}: the root file system is writable"
        if service.get("cap_drop") != ["ALL"] or service.get("cap_add") or service.get("privileged"):
            yield f"{name}: must drop all capabilities and add none"
        if "no-new-privileges:true" not in service.get("security_opt", []):
            yield f"{name}: may gain privileges"
        for key in ("mem_limit", "cpus", "pids_limit"):
            if not service.get(key):
                yield f"{name}: no {key}"
        if ":" not in service["image"] or service["image"].endswith(":latest"):
            yield f"{name}: the image has no version: {service['image']}"


def nothing_is_open_to_all(compose):
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            if not str(port).startswith("127.0.0.1:"):
                yield f"{name}: the port {port} is open to everybody who reaches this machine"


def each_sees_its_own_credentials(compose):
    declared = set(compose["volumes"])
    for name, service in compose["services"].items():
        mounts = [mount.split(":") for mount in service.get("volumes", [])]
        for source, _, *mode in mounts:
            if not source.startswith(".") and source not in declared:
                yield f"{name}: the volume {source} is not declared"
            if source.startswith("credentials") and name != MAKER and mode != ["ro"]:
                yield f"{name}: may write to {source}"
        sources = {mount[0] for mount in mounts}
        if "credentials" in sources and name != MAKER:
            yield f"{name}: sees the CA's key"
        if name != MAKER and len([source for source in sources if source.startswith("credentials")]) > 1:
            yield f"{name}: has two identities"
    used = {mount.split(":")[0] for service in compose["services"].values() for mount in service.get("volumes", [])}
    for volume in sorted(declared - used):
        yield f"the volume {volume} is of no use"


def whoever_waits_waits_for_something(compose):
    for name, service in compose["services"].items():
        for other, how in service.get("depends_on", {}).items():
            if other not in compose["services"]:
                yield f"{name}: waits for {other}, which is not there"
            elif how["condition"] == "service_healthy" and "healthcheck" not in compose["services"][other]:
                yield f"{name}: waits for the health of {other}, which has no check here"


def broker_has_room(compose):
    text = (ROOT / "compose/mosquitto/mosquitto.conf").read_text()
    count = len([name for name in compose["services"] if name.startswith("forwarder-")])
    yield from (f"broker: {fault}" for fault in memory_faults(text, quantity(compose["services"]["broker"]["mem_limit"], SIZES), count))


def own_door_is_not_for_strangers(compose):
    published = {int(str(port).rsplit(":", 1)[-1]) for port in compose["services"]["broker"].get("ports", [])}
    for name, service in compose["services"].items():
        if name.startswith("forwarder-") and urllib.parse.urlsplit(service["environment"]["BROKER_URL"]).port in published:
            yield f"{name}: comes in by a door of the broker that is published"


def central_knows_its_forwarders(compose):
    services = compose["services"]
    if not any(word.startswith("--token-file=") for word in services["central"]["command"]):
        yield "central: shows and takes readings without a token"
    yield from (f"{name}: has no token for central" for name, service in services.items()
                if name.startswith("forwarder-") and "API_TOKEN_FILE" not in service["environment"])


def commands_are_understood(compose):
    for name, service in compose["services"].items():
        for what, command in (("command", service.get("command", [])), ("healthcheck", dig(service, "healthcheck", "test", default=[]))):
            for word in misread_options(command):
                yield f"{name}: its {what} would not understand {word}"


def settings_are_real(compose, binaries):
    for name, service in compose["services"].items():
        program = PROGRAMS.get(name.split("-")[0])
        if program:
            variables = {key: value for key, value in service["environment"].items() if key not in OWN_VARIABLES}
            yield from (f"{name}: {fault}" for fault in setting_faults(binaries / program, variables))


CHECKS = (containers_are_restricted, nothing_is_open_to_all, each_sees_its_own_credentials,
          whoever_waits_waits_for_something, broker_has_room,
          own_door_is_not_for_strangers, central_knows_its_forwarders, commands_are_understood)


def faults_in(compose):
    return [fault for check in CHECKS for fault in check(compose)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("file", type=pathlib.Path)
    arguments = parser.parse_args()
    compose = yaml.safe_load(arguments.file.read_text())
    faults = faults_in(compose) + list(settings_are_real(compose, arguments.bin))
    for fault in faults:
        print(f"{arguments.file}: {fault}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
