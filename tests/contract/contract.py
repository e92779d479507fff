#!/usr/bin/env python3
"""Checks a central server against the contract of docs/central-api.md, from outside.

Needs Python 3.8 and nothing else. It posts about 150 small readings of villages whose names begin with `Contract`;
run it against a test system, or delete them afterwards.
"""
import argparse
import os
import ssl
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import central as centrals  # noqa: E402
import rules  # noqa: E402
import trial  # noqa: E402

EPILOG = """exit status: 0 the server keeps the contract, 1 a rule FAILED, 2 it could not be tested"""


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev contract", description=__doc__, epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="where readings are posted to, such as https://central.example/api/solar")
    parser.add_argument("--token-file", metavar="FILE", help="file that holds the bearer token")
    parser.add_argument("--ca-file", metavar="FILE", help="CAs that the server's certificate is checked against")
    parser.add_argument("--certificate", metavar="FILE", help="client certificate (PEM)")
    parser.add_argument("--key", metavar="FILE", help="its private key (PEM)")
    parser.add_argument("--count-url", metavar="URL", help="answers how many readings are stored: a number, "
                        '{"readings":N} or {"count":N}; without it, what is stored twice or not at all is not seen')
    parser.add_argument("--restart", metavar="COMMAND", help="shell command that kills the server without warning "
                        "(kill -9, pulled plug) and starts it again; needs --count-url")
    parser.add_argument("--timeout", type=float, default=15, metavar="SECONDS",
                        help="how long an answer may take (default 15, as in forwarders)")
    options = parser.parse_args(arguments)
    if options.restart and not options.count_url:
        parser.error("--restart needs --count-url")
    return options


def report(rule, result, out):
    if result is None:
        return print(f"ok       {rule.sentence}", file=out)
    if isinstance(result, trial.Skipped):
        return print(f"skipped  {rule.sentence} ({result})", file=out)
    print(f"FAILED   {rule.sentence}", file=out)
    if result.request is not None:
        print(f"         sent  {result.request}", file=out)
        print(f"         came  {result.answer}", file=out)
    print(f"         so    {result}", file=out)


def main(arguments, out=None):
    out = out or sys.stdout
    options = parse(arguments)
    try:
        central = centrals.Central(options)
        central.connect().connect()
        central.count()
    except (OSError, ValueError, ssl.SSLError) as error:
        print(f"contract: cannot test {options.url}: {error}", file=sys.stderr)
        return 2
    results = []
    for rule in rules.RULES:
        result = rule.check(central)
        results.append(result)
        report(rule, result, out)
        out.flush()
    failed = sum(isinstance(result, trial.Broken) for result in results)
    skipped = sum(isinstance(result, trial.Skipped) for result in results)
    print(f"{len(results) - failed - skipped} ok, {failed} FAILED, {skipped} skipped, {len(central.seen)} requests", file=out)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
