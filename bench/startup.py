#!/usr/bin/env python3
"""Compares the start of builds of the service: CPU and wall time to ready, and of the first, the tenth and later images over HTTP.

    bench/startup.py ROUNDS NAME=PROGRAM[,VARIABLE=VALUE...] ...

PROGRAM is CtfService.Api.dll of a build, or its executable; variables are those of its environment, such as DOTNET_TieredCompilation=1.
Every round starts each program once, in turn forwards and backwards. The table has the median of each, and its median ratio to the first program.
CPU times are of the whole process, so they compare on a busy machine, where wall times do not.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

IMAGES = 60
FIRST_PORT = 21_001  # below the ports that systems give to clients: a client that waits for one of those can connect to itself
WINDOWS = [(0, 1), (1, 5), (5, 15), (15, 30), (30, 60)]  # images whose mean CPU time is a column
START_LIMIT_SECONDS = 120

ports = iter(range(FIRST_PORT, 32_000))


def cpu_seconds(process):
    """User and system time of a process so far."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until_ready(process, address):
    end = time.monotonic() + START_LIMIT_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health/ready", timeout=5):
                return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"{process.args} did not become ready; start it by hand to see why.")


def draw(address, seed):
    body = json.dumps({"class_label": 0, "seed": seed}).encode()
    request = urllib.request.Request(
        f"{address}/v1/images/generations", data=body, headers={"Content-Type": "application/json", "Accept": "image/png"})
    with urllib.request.urlopen(request, timeout=60) as response:
        response.read()


def measure(program, variables):
    """Starts a program once; returns times in ms by name."""
    address = f"http://localhost:{next(ports)}"
    command = ["dotnet", program] if program.endswith(".dll") else [program]
    with tempfile.TemporaryDirectory() as storage:
        environment = os.environ | {"Urls": address, "Storage__Folder": storage, "Logging__LogLevel__Default": "Warning"} | variables
        started = time.perf_counter()
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
            try:
                wait_until_ready(process, address)
                times = {"ready": time.perf_counter() - started, "ready cpu": cpu_seconds(process)}
                wall, cpu = [], [cpu_seconds(process)]
                for seed in range(IMAGES):
                    before = time.perf_counter()
                    draw(address, seed)
                    wall.append(time.perf_counter() - before)
                    cpu.append(cpu_seconds(process))
            finally:
                process.terminate()
    times |= {"first": wall[0], "tenth": statistics.median(wall[7:12]), "later": statistics.median(wall[-20:])}
    times |= {f"cpu {first + 1}-{last}": (cpu[last] - cpu[first]) / (last - first) for first, last in WINDOWS}
    return {name: 1_000 * seconds for name, seconds in times.items()}


def main():
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    programs = []
    for argument in sys.argv[2:]:
        name, rest = argument.split("=", 1)
        program, *variables = rest.split(",")
        programs.append((name, os.path.abspath(program), dict(variable.split("=", 1) for variable in variables)))
    results = {name: [] for name, _, _ in programs}
    for number in range(int(sys.argv[1])):
        for name, program, variables in programs if number % 2 == 0 else reversed(programs):
            results[name].append(measure(program, variables))
    base = results[programs[0][0]]
    columns = list(base[0])
    print(f"{'ms':16}" + "".join(f"{column:>12}" for column in columns))
    for name, runs in results.items():
        print(f"{name:16}" + "".join(f"{statistics.median(run[column] for run in runs):12.0f}" for column in columns))
        ratios = (statistics.median(run[column] / max(first[column], 0.1) for run, first in zip(runs, base)) for column in columns)
        print(f"{'  ratio':16}" + "".join(f"{ratio:12.2f}" for ratio in ratios))


if __name__ == "__main__":
    main()
