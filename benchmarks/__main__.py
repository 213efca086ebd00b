"""``python -m benchmarks [--quick]``: every benchmark, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

NAMES = (
    "steps",
    "latency",
    "scaling",
    "maps",
    "prior_page",
    "csv_page",
    "memory",
    "stop",
    "load",
    "scale_out",
    "closed_forms",
    "between",
    "nuts",
    "fullrank",
    "uci",
    "table",
)


def main() -> int:
    """Run all; return the number that failed."""
    failed = 0
    for name in NAMES:
        print(f"\n== benchmarks/{name}.py", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *sys.argv[1:]]).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
