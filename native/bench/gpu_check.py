#!/usr/bin/env python3
"""The GPU check: everything about the CUDA backend that only a machine with a GPU can show.

    native/bench/gpu_check.py [--quick] [--preset paper-2012] [-- CMAKE OPTION...]

Builds the native part for the GPU of this machine (native/build/gpu), runs all native tests on it, and measures:
training at batch 128, 256 and 1024 in fp32, tf32 and bf16, the share of every layer, the exchange between two
columns, and PyTorch, compiled and channels last, on the same net in the same run. Writes
native/bench/results/<gpu>.json and prints a table. The exit status is 0 only if nothing is wrong.

It needs nvcc, cmake, ninja, and Python's standard library; no Node, no network. cuDNN and cuBLASLt are found as the
plug-in finds them: in the system, or in the Python environment that runs this. Where libraries of the rest of the
engine are missing (oneDNN, image formats), the CUDA backend alone is built, and the result says so.
"""

import argparse
import glob
import json
import os
import platform
import re
import shutil
import site
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
NATIVE = os.path.dirname(HERE)
ROOT = os.path.dirname(NATIVE)
BUILD = os.path.join(NATIVE, "build", "gpu")


class Failed(Exception):
    """Something without which nothing more can be checked."""


def run(command, timeout=None, env=None, **options):
    """The exit status and output of a command; 124 where it ran out of time."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, env=env, **options
        )
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        out = expired.stdout or b""
        return 124, (out.decode(errors="replace") if isinstance(out, bytes) else out) + "\n(ran out of time)"
    except FileNotFoundError:
        return 127, f"{command[0]} is not installed"


def gpus():
    """What nvidia-smi tells of every GPU."""
    fields = ["name", "driver_version", "compute_cap", "memory.total"]
    code, out = run(["nvidia-smi", "--query-gpu=" + ",".join(fields), "--format=csv,noheader,nounits"], 60)
    if code != 0 or not out.strip():
        raise Failed(f"there is no GPU here: nvidia-smi says: {out.strip()}")
    rows = [[cell.strip() for cell in line.split(",")] for line in out.strip().splitlines()]
    return [
        {"name": row[0], "driver": row[1], "capability": row[2], "memory_mib": int(float(row[3]))} for row in rows
    ]


def packages():
    """This Python's folders of packages."""
    return [folder for folder in [*site.getsitepackages(), site.getusersitepackages()] if os.path.isdir(folder)]


def environment():
    """Where the plug-in finds NVIDIA's libraries, and what its tests may not skip."""
    env = dict(os.environ, ALEXNET_REQUIRE_GPU="1")
    folders = [*filter(None, env.get("ALEXNET_CUDA_LIBRARIES", "").split(":")), *packages()]
    env["ALEXNET_CUDA_LIBRARIES"] = ":".join(folders)
    return env


def build(found, more):
    """Configures and builds; returns whether it is the CUDA backend alone."""
    architecture = found[0]["capability"].replace(".", "")
    wheels = [os.path.join(folder, "nvidia", "*", "include") for folder in packages()]
    includes = [folder for pattern in wheels for folder in sorted(glob.glob(pattern))]
    common = [
        "cmake", "-S", NATIVE, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
        f"-DALEXNET_CUDA_ARCHITECTURES={architecture}", "-DALEXNET_NVIDIA_INCLUDE=" + ";".join(includes), *more,
    ]  # fmt: skip
    if not shutil.which("nvcc") and os.path.exists("/usr/local/cuda/bin/nvcc"):
        os.environ["PATH"] += ":/usr/local/cuda/bin"
    print(f"Building for compute capability {found[0]['capability']} in {os.path.relpath(BUILD)}", flush=True)
    alone = False
    code, out = run([*common, "-DALEXNET_CUDA_ONLY=OFF"], 600)
    if code != 0:
        missing = re.findall(r"Could not find (\w+)", out)
        print(f"  the rest of the engine cannot be built here ({', '.join(missing) or 'see below'}): CUDA alone")
        full = out
        code, out = run([*common, "-DALEXNET_CUDA_ONLY=ON"], 600)
        alone = True
        if code != 0:
            raise Failed(f"cmake failed:\n{full[-3000:]}\n{out[-3000:]}")
    if "CUDA plug-in: not built" in out:
        raise Failed("the CUDA plug-in cannot be built: " + re.search(r"CUDA plug-in: (.*)", out)[1])
    code, out = run(["cmake", "--build", BUILD, "-j", str(os.cpu_count() or 4)], 3600)
    if code != 0:
        raise Failed(f"the build failed:\n{out[-6000:]}")
    return alone


def tests(env):
    """Every test program's outcome."""
    results = []
    for program in sorted(glob.glob(os.path.join(BUILD, "test_*"))):
        if not os.access(program, os.X_OK) or os.path.isdir(program):
            continue
        name = os.path.basename(program)
        start = time.time()
        code, out = run([program], 1800, env, cwd=BUILD)
        counts = re.search(r"test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed", out)
        skipped = sorted(set(re.findall(r"skipped: .*", out)))
        results.append(
            {
                "test": name, "ok": code == 0, "passed": int(counts[2]) if counts else 0,
                "failed": int(counts[3]) if counts else -1, "skipped": skipped, "seconds": round(time.time() - start, 1),
            }
        )  # fmt: skip
        print(f"  {name}: {'ok' if code == 0 else 'FAILED'}, {counts[0] if counts else out[-300:]}", flush=True)
        if code != 0:
            print(out[-4000:])
    return results


def sanitizer(env):
    """The small nets under compute-sanitizer: reads and writes beyond memory. None where it is not installed."""
    program = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
    if not os.path.exists(program):
        return None
    command = [program, "--error-exitcode", "9", os.path.join(BUILD, "test_cuda_net"), "-tc=*finite changes no*"]
    code, out = run(command, 900, env, cwd=BUILD)
    if "Device not supported" in out:
        return {"ok": True, "skipped": "compute-sanitizer does not support this device"}
    return {"ok": code == 0, "output": "" if code == 0 else out[-3000:]}


def measured(name, command, env, timeout=900):
    """The last JSON line that a benchmark prints, or what went wrong."""
    code, out = run(command, timeout, env, cwd=BUILD)
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if code == 0 and lines:
        result = json.loads(lines[-1])
        print(f"  {name}: {result['images_per_s']:.0f} images/s, {result['ms_per_step']:.2f} ms a step", flush=True)
        return result
    print(f"  {name}: no result ({out.strip()[-300:]})", flush=True)
    return {"error": out.strip()[-1000:], "status": code}


def measure(options, found, env):
    """Engine and peer in turn, so that both see the GPU in the same state."""
    preset = os.path.join(ROOT, "resources", "presets", options.preset + ".json")
    bench, peer = os.path.join(BUILD, "gpu_bench"), os.path.join(HERE, "peer_gpu.py")
    steps = ["--steps", "20" if options.quick else "60", "--warmup", "10"]
    runs = []
    for batch in [1024] if options.quick else [128, 256, 1024]:
        for precision in ["bf16"] if options.quick else ["bf16", "tf32", "fp32"]:
            common = [preset, "--batch", str(batch), "--precision", precision, *steps]
            name = f"{precision} batch {batch}"
            runs.append(
                {
                    "precision": precision, "batch": batch,
                    "engine": measured(f"engine {name}", [bench, *common], env),
                    "peer": measured(f"PyTorch {name}", [sys.executable, peer, *common], env),
                }
            )  # fmt: skip
    placed = {"on one GPU, two threads": "0,0"}
    if len(found) > 1:
        placed["on two GPUs"] = "0,1"
    common = [bench, preset, "--batch", "1024", "--precision", "bf16", *steps]
    columns = {name: measured(name, [*common, "--devices", list_], env) for name, list_ in placed.items()}
    layers = measured("layers", [*common, "--layers", "1"], env)
    return runs, columns, layers


def loader(env):
    """Images a second that one core reads and augments; None where only the CUDA backend was built."""
    program = os.path.join(BUILD, "loader_bench")
    if not os.path.exists(program):
        return None
    code, out = run([program], 900, env, cwd=BUILD)
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return {"cores": os.cpu_count(), "perCore": lines} if code == 0 else {"error": out[-500:]}


def wrong(checks, runs, columns):
    """What makes the check fail; a peer that is missing does not."""
    bad = [f"{t['test']} failed" for t in checks["tests"] if not t["ok"]]
    if not checks["tests"]:
        bad.append("no test was run")
    if checks["sanitizer"] is not None and not checks["sanitizer"]["ok"]:
        bad.append("compute-sanitizer found errors")
    bad += [f"no measurement of {r['precision']} at batch {r['batch']}" for r in runs if "error" in r["engine"]]
    bad += [f"no measurement {name}" for name, r in columns.items() if "error" in r]
    return bad


def table(runs, columns, layers):
    print(f"\n{'precision':<10}{'batch':>6}{'engine':>12}{'PyTorch':>12}{'times':>8}   images a second")
    for r in runs:
        ours, theirs = r["engine"].get("images_per_s"), r["peer"].get("images_per_s")
        times = f"{ours / theirs:.2f}" if ours and theirs else "-"
        shown = [f"{v:.0f}" if v else "-" for v in (ours, theirs)]
        print(f"{r['precision']:<10}{r['batch']:>6}{shown[0]:>12}{shown[1]:>12}{times:>8}")
    for name, r in columns.items():
        if "error" not in r:
            print(f"columns {name}: {r['images_per_s']:.0f} images/s, {r['exchange_ms_per_step']:.2f} ms in copies")
    total = sum(l["forward_ms"] + l["backward_ms"] for l in layers.get("layers", [])) or 1
    for l in layers.get("layers", []):
        share = (l["forward_ms"] + l["backward_ms"]) / total
        print(f"  {l['name']:<8}{l['forward_ms']:>9.2f} ms forward{l['backward_ms']:>9.2f} ms backward{share:>8.0%}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="bf16 at batch 1024 alone is measured")
    parser.add_argument("--preset", default="paper-2012")
    parser.add_argument("--only-tests", action="store_true")
    parser.add_argument("cmake", nargs="*", help="options for cmake, after --")
    options = parser.parse_args()

    found = gpus()
    for number, gpu in enumerate(found):
        print(f"cuda:{number}  {gpu['name']}, {gpu['memory_mib']} MiB, driver {gpu['driver']}")
    alone = build(found, options.cmake)
    env = environment()
    print("Tests", flush=True)
    checks = {"tests": tests(env), "sanitizer": sanitizer(env)}
    runs, columns, layers, loading = [], {}, {}, None
    if not options.only_tests:
        print("Measuring", flush=True)
        runs, columns, layers = measure(options, found, env)
        loading = loader(env)
        table(runs, columns, layers)
    bad = wrong(checks, runs, columns)
    name = re.sub(r"[^a-z0-9]+", "-", found[0]["name"].lower()).strip("-")
    path = os.path.join(HERE, "results", f"{name}.json")
    result = {
        "gpus": found, "host": platform.processor() or platform.machine(), "cudaAlone": alone,
        "preset": options.preset, "checks": checks, "runs": runs, "columns": columns, "layers": layers,
        "loader": loading, "wrong": bad,
    }  # fmt: skip
    with open(path, "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    print(f"\nWritten: {os.path.relpath(path)}")
    print("\n".join(["WRONG:", *bad]) if bad else "Nothing is wrong.")
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
