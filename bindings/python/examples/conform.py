#!/usr/bin/python3
"""Puts engines through some trials and looks at the results as objects.

usage: conform.py [TARGET...]   (default: reference; also oci:runc, oci:crun)
"""

import sys

import seatrial


def main() -> int:
    report = seatrial.conform(targets=sys.argv[1:] or ["reference"], suites=["runtime"],
                              filters=["MaskedPaths.*"], timeout=300)
    print("kernel", report.host["kernel"])
    for target in report.targets:
        mine = report.on(target)
        print(f"{target.name} {target.version}: {len(mine)} cases, "
              f"{sum(case.duration for case in mine):.2f} s")
    for case in report.results:
        print(f"  {case.verdict:5} {case.name}  ({', '.join(case.clauses)})")
    for case in report.failures:
        print(case.target, case.name, *(seen.message for seen in case.observations), sep="\n  ")
    for leftover in report.leftovers:
        print("left behind:", leftover)
    return 0 if report.kept else 1


if __name__ == "__main__":
    sys.exit(main())
