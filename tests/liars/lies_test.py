#!/usr/bin/python3
"""Puts runtimes that lie in one chosen way through the corpus and compares which cases turn red.

usage: lies_test.py BIN_DIRECTORY HONEST_RESULTS LIE [--print]

BIN_DIRECTORY holds seatrial, seatrial-runtime and liars/LIE. The lie "honest" writes
HONEST_RESULTS, which the others compare with, and in which no case may fail. lies.json says for
each lie which cases must fail (glob patterns) and what their reason must contain (one of the
texts); every other case must have the verdict that the honest runtime gets. Its "filters" keep a lie that every case notices, slowly,
to a few of them, its "deadline_scale" has a hang end sooner. --print shows what turned red, for
writing lies.json.
"""

import fnmatch
import json
import pathlib
import subprocess
import sys
import tempfile


def run_corpus(binaries: pathlib.Path, lie: str, how: dict, results: pathlib.Path) -> None:
    run = subprocess.run(
        [binaries / "seatrial", "conform", "--suite", "runtime", "--no-waivers",
         "--target", f"oci:{binaries / 'liars' / lie}", "--json", results, "--no-host-check",
         "--deadline-scale", str(how.get("deadline_scale", 1)), "--progress", "never",
         *(word for glob in how.get("filters", []) for word in ("--filter", glob))],
        capture_output=True, text=True, timeout=400)
    if not results.exists():
        sys.exit(f"{lie}: seatrial wrote no results (exit {run.returncode}): {run.stderr}")


def verdicts(results: pathlib.Path) -> dict[str, tuple[str, str]]:
    """Case name -> (verdict, reason)."""
    document = json.loads(results.read_text())
    return {result["case"]: (result["verdict"], result["reason"])
            for result in document["results"]}


def main() -> int:
    binaries, honest_results, lie = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
    if lie == "honest":
        run_corpus(binaries, lie, {}, honest_results)
        failed = {case: reason for case, (verdict, reason) in verdicts(honest_results).items()
                  if verdict == "fail"}
        for case, reason in failed.items():
            print(f"{case} failed on the honest runtime: {reason}")
        return 1 if failed else 0
    expected = json.loads((pathlib.Path(__file__).parent / "lies.json").read_text())[lie]
    with tempfile.TemporaryDirectory(prefix="seatrial-lies-") as scratch:
        results = pathlib.Path(scratch) / "results.json"
        run_corpus(binaries, lie, expected, results)
        honest, lied = verdicts(honest_results), verdicts(results)
    red = {case for case in lied if lied[case][0] != honest[case][0]}
    if "--print" in sys.argv:
        for case in sorted(red):
            print(f"{case}: {honest[case][0]} -> {lied[case][0]}: {lied[case][1]}")
        return 0

    complaints = []
    for case in sorted(red):
        if not any(fnmatch.fnmatchcase(case, pattern) for pattern in expected["cases"]):
            complaints.append(f"{case} turned {lied[case][0]}, which {lie} does not explain: {lied[case][1]}")
        elif lied[case][0] != "fail":
            complaints.append(f"{case} turned {lied[case][0]} instead of fail: {lied[case][1]}")
    for pattern in expected["cases"]:
        for case in fnmatch.filter(lied.keys() - red, pattern):
            if honest[case][0] == "pass":
                complaints.append(f"{case} did not notice {lie}")
        if not fnmatch.filter(lied, pattern):
            complaints.append(f"there is no case {pattern}")
    for case in sorted(red):
        if not any(text in lied[case][1] for text in expected["reasons"]):
            complaints.append(f"{case} fails without saying why ({' or '.join(expected['reasons'])}): {lied[case][1]}")
    print("\n".join(complaints) or f"{lie}: {len(red)} of {len(lied)} cases noticed, each explained")
    return 1 if complaints or not red else 0


if __name__ == "__main__":
    sys.exit(main())
