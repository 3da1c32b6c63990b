"""Time and memory of one investigation over logs that are large in three ways.

Usage: python3 large_logs.py MIDWATCH [LINES]
Needs: /usr/bin/time (GNU), about 1.5 GB of temporary space.

Writes a snapshot of an alert and one log file, runs `MIDWATCH investigate` on it and prints seconds and peak memory:
many lines (10 million unless told), one line of 1 GB, and 2 million different messages.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

ALERT = {"summary": "svc-a is slow", "service": "svc-a", "fired_at": "2026-01-01T01:00:00Z"}


def many(file, lines):
    for index in range(lines):
        minute, second = divmod(index * 3600 // lines, 60)
        file.write(
            '{"time":"2026-01-01T00:%02d:%02dZ","service":"svc-%d","level":"info",'
            '"msg":"request %d served in %d ms by worker %d"}\n' % (minute, second, index % 5, index, index % 97, index % 13)
        )


def one_line(file, _lines):
    file.write('{"time":"2026-01-01T00:00:01Z","service":"svc-a","level":"info","msg":"')
    for _ in range(1000):
        file.write("x" * 1_000_000)
    file.write('"}\n')


def different(file, lines):
    for index in range(lines // 5):
        word = "".join(chr(97 + (index // 26**place) % 26) for place in range(6))
        file.write('{"time":"2026-01-01T00:30:00Z","service":"svc-a","level":"error","msg":"%s %s %s broke"}\n' % (word, word[::-1], word[2:]))


def main(midwatch, lines):
    for name, write in [("lines", many), ("one line of 1 GB", one_line), ("different messages", different)]:
        with tempfile.TemporaryDirectory() as directory:
            with open(os.path.join(directory, "alert.json"), "w", encoding="utf-8") as file:
                json.dump(ALERT, file)
            path = os.path.join(directory, "logs.ndjson")
            with open(path, "w", encoding="utf-8") as file:
                write(file, lines)
            size = os.path.getsize(path)
            run = subprocess.run(
                ["/usr/bin/time", "-v", midwatch, "investigate", directory, "-q", "-o", "json"],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
            )
            peak = int(re.search(r"Maximum resident set size \(kbytes\): (\d+)", run.stderr).group(1))
            took = re.search(r"Elapsed .*: (.*)", run.stderr).group(1)
            print(f"{name}: {size / 1e6:.0f} MB, elapsed {took}, peak {peak / 1024:.0f} MiB, exit {run.returncode}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000)
