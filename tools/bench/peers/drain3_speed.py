"""Lines per second of Drain3 (IBM's log template miner) over the contents of loghub-2k, in one thread.

Usage: python drain3_speed.py DIRECTORY
Needs: pip install drain3==0.9.11

Each system's 2,000 lines are mined 25 times over by one miner, as `midwatch-bench loghub-2k` does. Masking is off and
the parameters are Drain3's own defaults, which favours it in speed. Prints one line.
"""

import csv
import logging
import pathlib
import sys
import time

from drain3 import TemplateMiner
from drain3.template_miner_config import TemplateMinerConfig

ROUNDS = 25

logging.disable(logging.CRITICAL)


def main(directory: str) -> None:
    mined, seconds = 0, 0.0
    for path in sorted(pathlib.Path(directory).glob("*/*_2k.log_structured.csv")):
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            lines = [row["Content"] for row in csv.DictReader(file)]
        miner = TemplateMiner(config=TemplateMinerConfig())
        started = time.perf_counter()
        for _ in range(ROUNDS):
            for line in lines:
                miner.add_log_message(line)
        seconds += time.perf_counter() - started
        mined += ROUNDS * len(lines)
    print(f"peer=drain3 lines={mined} seconds={seconds:.2f} lines_per_second={mined / seconds:.0f}")


if __name__ == "__main__":
    main(sys.argv[1])
