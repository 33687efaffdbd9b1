#!/usr/bin/env python3
"""The GPU check: everything about the CUDA backend that only a machine with a GPU can show.

    native/bench/gpu_check.py [--only STAGE,STAGE...] [--limit SECONDS] [--preset paper-2012] [-- CMAKE OPTION...]
    native/bench/gpu_check.py --build-only [--architecture 90]      builds, also where there is no GPU
    native/bench/gpu_check.py --programs DIR                        checks what was built before

Builds the native part for the GPU of this machine (native/build/gpu), runs the native tests on it, and measures:
training at batch 128, 256 and 1024 in fp32, tf32 and bf16, with and without CUDA graphs, each layer's share, engines by
measurement, the exchange between two columns, the loader, and PyTorch, compiled and channels last, on the same net.
What says most comes first: tests, that columns give the same bits wherever they are, then speed beside PyTorch's. Every
stage has a share of --limit for itself, and what earlier ones left over. After each the results are written to
native/bench/results/<gpu>.json, so that a check that is cut off keeps what it found, and --only adds to it. At the end
it prints a table. The exit status is 0 only if nothing is wrong.

It needs nvcc, cmake, ninja, and Python's standard library; no Node, no network. cuDNN and cuBLASLt are found as the
plug-in finds them: in the system, or in the Python environment that runs this. Where libraries of the rest of the
engine are missing (oneDNN, image formats), the CUDA backend alone is built, and the result says so. For a machine that
lacks what a build needs, --build-only puts the programs, and the libraries that they need, into native/build/gpu/carry:
bring that folder and the checkout there, and name it with --programs. Where no command may take longer than some
minutes, build with --build-only first: the build then takes none of the check's time.
"""

import argparse
import glob
import json
import os
import platform
import re
import shutil
import signal
import site
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
NATIVE = os.path.dirname(HERE)
ROOT = os.path.dirname(NATIVE)
BUILD = os.path.join(NATIVE, "build", "gpu")

BATCHES = [1024, 256, 128]
PRECISIONS = ["bf16", "tf32", "fp32"]


class Failed(Exception):
    """Something without which nothing more can be checked."""


def run(command, timeout=None, env=None, cwd=None):
    """The exit status and output of a command; 124 where it ran out of time. Nothing that it started goes on after it:
    what a compiler's or a sanitizer's children left on the GPU would be measured with what comes next."""
    try:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, cwd=cwd, start_new_session=True
        )
    except OSError as error:
        return 127, f"{command[0]} cannot be run: {error.strerror}"
    late = False
    try:
        out, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as expired:
        # It may be done while something that it started still holds its output.
        out, late = expired.stdout or b"", process.poll() is None
    finally:
        end_group(process)
    text = out.decode(errors="replace")
    return (124, text + "\n(ran out of time)") if late else (process.returncode, text)


def end_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass  # nothing is left of it
    process.wait()


def gpus():
    """What nvidia-smi tells of every GPU."""
    fields = ["name", "driver_version", "compute_cap", "memory.total"]
    code, out = run(["nvidia-smi", "--query-gpu=" + ",".join(fields), "--format=csv,noheader,nounits"], 60)
    if code != 0 or not out.strip():
        raise Failed(f"there is no GPU here: nvidia-smi says: {out.strip()}")
    rows = [[cell.strip() for cell in line.split(",")] for line in out.strip().splitlines()]
    # CUDA's programs see those alone that are listed here; names other than numbers are left to them.
    listed = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    if re.fullmatch(r"\d+(,\d+)*", listed):
        rows = [rows[int(number)] for number in listed.split(",") if int(number) < len(rows)]
    return [
        # A GPU that shares the machine's memory tells no size of its own.
        {"name": r[0], "driver": r[1], "capability": r[2], "memory_mib": int(r[3]) if r[3].isdigit() else None}
        for r in rows
    ]


def packages():
    """This Python's folders of packages."""
    return [folder for folder in [*site.getsitepackages(), site.getusersitepackages()] if os.path.isdir(folder)]


def environment(programs):
    """Where programs find NVIDIA's libraries, and those that were carried here; what tests may not skip."""
    env = dict(os.environ, ALEXNET_REQUIRE_GPU="1", ALEXNET_PRESETS_DIR=os.path.join(ROOT, "resources", "presets"))
    folders = [*filter(None, env.get("ALEXNET_CUDA_LIBRARIES", "").split(":")), *packages()]
    env["ALEXNET_CUDA_LIBRARIES"] = ":".join(folders)
    carried = os.path.join(programs, "lib")
    if os.path.isdir(carried):
        env["LD_LIBRARY_PATH"] = ":".join(filter(None, [env.get("LD_LIBRARY_PATH"), carried]))
    return env


def build(architecture, more, limit):
    """Configures and builds; returns whether it is the CUDA backend alone."""
    end = time.monotonic() + limit
    left = lambda: max(1, end - time.monotonic())  # noqa: E731
    wheels = [os.path.join(folder, "nvidia", "*", "include") for folder in packages()]
    includes = [folder for pattern in wheels for folder in sorted(glob.glob(pattern))]
    common = [
        "cmake", "-S", NATIVE, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
        f"-DALEXNET_CUDA_ARCHITECTURES={architecture}", "-DALEXNET_NVIDIA_INCLUDE=" + ";".join(includes), *more,
    ]  # fmt: skip
    if not shutil.which("nvcc") and os.path.exists("/usr/local/cuda/bin/nvcc"):
        os.environ["PATH"] += ":/usr/local/cuda/bin"
    print(f"Building for architecture {architecture} in {os.path.relpath(BUILD)}", flush=True)
    alone = False
    code, out = run([*common, "-DALEXNET_CUDA_ONLY=OFF"], left())
    if code != 0:
        missing = re.findall(r"Could not find (\w+)", out)
        print(f"  the rest of the engine cannot be built here ({', '.join(missing) or 'see below'}): CUDA alone")
        full = out
        code, out = run([*common, "-DALEXNET_CUDA_ONLY=ON"], left())
        alone = True
        if code != 0:
            raise Failed(f"cmake failed:\n{full[-3000:]}\n{out[-3000:]}")
    if "CUDA plug-in: not built" in out:
        raise Failed("the CUDA plug-in cannot be built: " + re.search(r"CUDA plug-in: (.*)", out)[1])
    code, out = run(["cmake", "--build", BUILD, "-j", str(os.cpu_count() or 4)], left())
    if code != 0:
        raise Failed(f"the build failed:\n{out[-6000:]}")
    return alone


# What every Linux has, in a version that belongs to it: an older one would break whatever else is loaded.
SYSTEM_LIBRARIES = r"linux-vdso|ld-linux|lib(c|m|dl|rt|pthread|resolv|gcc_s|stdc\+\+)\.so"


def carry():
    """Copies the programs, and the libraries that they need, without what only debuggers read."""
    folder = os.path.join(BUILD, "carry")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "lib"))
    for name in [*PROGRAMS, "libalexnet_cuda.so"]:
        if not os.path.exists(os.path.join(BUILD, name)):
            continue  # the CUDA backend alone was built
        copy = shutil.copy(os.path.join(BUILD, name), folder)
        run(["strip", "--strip-unneeded", copy], 60)
        _, out = run(["ldd", copy], 60)
        for library, path in re.findall(r"(\S+) => (/\S+)", out):
            if not re.match(SYSTEM_LIBRARIES, library) and not os.path.exists(os.path.join(folder, "lib", library)):
                shutil.copy(path, os.path.join(folder, "lib", library))
    return folder


class Check:
    """One check: its options, what it found so far, and where that is written."""

    def __init__(self, options, found, programs):
        self.options = options
        self.programs = programs
        self.env = environment(programs)
        name = re.sub(r"[^a-z0-9]+", "-", found[0]["name"].lower()).strip("-")
        self.path = options.results or os.path.join(HERE, "results", f"{name}.json")
        self.result = {"stages": {}}
        if options.only and os.path.exists(self.path):
            with open(self.path) as file:
                self.result = json.load(file)
        self.result.update(
            gpus=found, host=platform.processor() or platform.machine(), cores=os.cpu_count(), preset=options.preset
        )

    def program(self, name):
        return os.path.join(self.programs, name)

    def has(self, name):
        return os.access(self.program(name), os.X_OK)

    def run(self, name, arguments, limit, env=None):
        """A program of the build, within what is left of its stage."""
        return run([self.program(name), *arguments], limit, {**self.env, **(env or {})}, cwd=self.programs)

    def test(self, name, limit, arguments=(), env=None):
        """A test program's outcome."""
        if not self.has(name):
            return {"test": name, "ok": True, "skipped": ["not built here"], "passed": 0, "failed": 0}
        start = time.monotonic()
        code, out = self.run(name, list(arguments), limit, env)
        counts = test_counts(out)
        passed, failed = counts or (0, -1)
        ok = code == 0 and passed > 0
        said = f"{passed} passed, {failed} failed" if counts else out[-300:]
        print(f"  {name}: {'ok' if ok else 'FAILED'}, {said}", flush=True)
        if not ok:
            print(out[-4000:], flush=True)
        result = {
            "test": name, "ok": ok, "passed": passed, "failed": failed,
            "skipped": sorted(set(re.findall(r"skipped: .*", out))), "seconds": round(time.monotonic() - start, 1),
        }  # fmt: skip
        return result if ok else {**result, "output": out[-4000:]}

    def bench(self, title, arguments, limit, env=None):
        """The JSON line that gpu_bench prints, or what went wrong."""
        preset = os.path.join(ROOT, "resources", "presets", self.options.preset + ".json")
        code, out = self.run("gpu_bench", [preset, *map(str, arguments)], limit, env)
        return measured(title, code, out)

    def write(self):
        os.makedirs(os.path.dirname(os.path.abspath(self.path)), exist_ok=True)
        self.result["wrong"] = [w for stage in self.result["stages"].values() for w in stage["wrong"]]
        with open(self.path, "w") as file:
            json.dump(self.result, file, indent=1)
            file.write("\n")


def test_counts(out):
    """How many test cases passed and failed, as doctest tells; None where it was not done."""
    counts = re.search(r"test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed", out)
    return (int(counts[1]), int(counts[2])) if counts else None


def measured(title, code, out):
    lines = json_lines(out)
    if code == 0 and lines:
        result = lines[-1]
        print(f"  {title}: {result['images_per_s']:.0f} images/s, {result['ms_per_step']:.2f} ms a step", flush=True)
        return result
    print(f"  {title}: no result ({out.strip()[-300:]})", flush=True)
    return {"error": out.strip()[-1000:], "status": code}


def json_lines(text):
    found = []
    for line in text.splitlines():
        if line.startswith("{"):
            try:
                found.append(json.loads(line))
            except ValueError:
                pass  # a line that was cut off
    return found


def test_stage(names, arguments=()):
    """A stage of test programs: all must pass."""

    def stage(check, limit):
        end = time.monotonic() + limit
        results = [check.test(name, max(1, end - time.monotonic()), arguments) for name in names]
        return {"tests": results, "wrong": [f"{r['test']} failed" for r in results if not r["ok"]]}

    return stage


def speed(check, limit):
    """Training: the engine in every precision at every batch. The first one decides about the goal."""
    end = time.monotonic() + limit
    runs, wrong = [], []
    for precision in PRECISIONS:
        for batch in BATCHES:
            left = end - time.monotonic()
            name = f"engine {precision} batch {batch}"
            if left < 5:
                wrong.append(f"no time for {name}")
                continue
            steps = 40 if precision == "bf16" else 20
            arguments = ["--batch", batch, "--precision", precision, "--steps", steps, "--warmup", 8]
            result = check.bench(name, arguments, left)
            runs.append({"precision": precision, "batch": batch, **result})
            if "error" in result:
                wrong.append(f"no measurement of {name}")
    return {"runs": runs, "wrong": wrong}


def choices(check, limit):
    """What the engine chose by reasoning, beside its alternatives, bf16."""
    end = time.monotonic() + limit
    no_graphs = {"ALEXNET_CUDA_GRAPHS": "0"}
    overlap = {"ALEXNET_CUDA_OVERLAP": "1"}
    measured = {"ALEXNET_CUDA_ENGINES": "measured"}
    # Small batches feel the host's part of a step, large ones the copies between columns.
    ways = [
        ("layers", 1024, ["--layers", 1], {}),
        ("engines by measurement", 1024, [], measured),
        ("without graphs", 128, [], no_graphs),
        ("each step finished before the next", 128, ["--ahead", 0], {}),
        ("without graphs", 1024, [], no_graphs),
        ("on one GPU, two threads", 1024, ["--devices", "0,0"], {}),
        ("on one GPU, two threads, overlap", 1024, ["--devices", "0,0"], overlap),
        ("engines by measurement", 128, [], measured),
    ]
    if len(check.result["gpus"]) > 1:
        ways.insert(0, ("on two GPUs", 1024, ["--devices", "0,1"], {}))
        ways.insert(1, ("on two GPUs, overlap", 1024, ["--devices", "0,1"], overlap))
    found, wrong = {}, []
    for title, batch, arguments, env in ways:
        name = f"{title}, batch {batch}"
        result = check.bench(
            name, ["--batch", batch, "--precision", "bf16", "--steps", 40, "--warmup", 8, *arguments],
            max(1, end - time.monotonic()), env,
        )  # fmt: skip
        found[name] = result
        if "error" in result:
            wrong.append(f"no measurement {name}")
    refusals = {r["graphs_refused"] for r in found.values() if r.get("graphs_refused")}
    return {"ways": found, "wrong": wrong + sorted(refusals)}


def peer(check, limit):
    """PyTorch, compiled, channels last, in one process: what most depends on comes first. A peer that is missing
    or slow to compile is told, and is nothing wrong with the engine."""
    preset = os.path.join(ROOT, "resources", "presets", check.options.preset + ".json")
    command = [
        sys.executable, check.options.peer or os.path.join(HERE, "peer_gpu.py"), preset,
        "--batch", *map(str, BATCHES), "--precision", *PRECISIONS, "--steps", "30", "--warmup", "8",
    ]  # fmt: skip
    code, out = run(command, limit)  # in an environment of its own: no library that was brought along
    runs = json_lines(out)
    for r in runs:
        how = ", not compiled" if r.get("mode") == "none" else ""
        print(f"  PyTorch {r['precision']} batch {r['batch']}{how}: {r['images_per_s']:.0f} images/s", flush=True)
    missing = len(BATCHES) * len(PRECISIONS) - len(runs)
    note = "" if missing == 0 else f"{missing} not measured ({out.strip()[-500:]})"
    if note:
        print(f"  {note}", flush=True)
    return {"runs": runs, "note": note, "status": code, "wrong": []}


def loader(check, limit):
    """Images a second that are read, drawn and handed over, from memory: the GPU must not wait."""
    if not check.has("loader_bench"):
        return {"note": "not built here", "wrong": []}
    code, out = check.run("loader_bench", ["20000"], limit)
    lines = json_lines(out)
    threads = [line for line in lines if line.get("what") == "loader threads"]
    for line in threads:
        print(f"  {line['threads']} threads: {line['images_per_s']:.0f} images/s", flush=True)
    wrong = [] if code == 0 and threads else ["no measurement of the loader"]
    return {"lines": lines, "wrong": wrong}


def kernel_times(check, limit):
    """Each own kernel's time and bandwidth beside a plain copy's."""
    code, out = check.run("cuda_kernels_bench", [], limit)
    lines = json_lines(out)
    return {"kernels": lines, "wrong": [] if code == 0 and lines else ["no measurement of the kernels"]}


def sanitizer(check, limit):
    """Small tests under compute-sanitizer: reads and writes beyond memory. Not where it is not installed."""
    program = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
    if not os.path.exists(program):
        return {"note": "compute-sanitizer is not installed", "wrong": []}
    wrong = []
    end = time.monotonic() + limit
    for name, cases in [("test_cuda_net", "*finite changes no*"), ("test_cuda_device", "*hits and gradient*")]:
        command = [program, "--error-exitcode", "9", check.program(name), f"-tc={cases}"]
        code, out = run(command, max(1, end - time.monotonic()), check.env, check.programs)
        if "Device not supported" in out:
            return {"note": "compute-sanitizer does not support this device", "wrong": []}
        # Every kernel takes many times as long under it: what it has not come to see says nothing.
        if code == 124 and "=========" not in out.replace("========= COMPUTE-SANITIZER", ""):
            return {"note": f"compute-sanitizer was not done with {name} in its {limit:.0f} s", "wrong": wrong}
        counts = test_counts(out)
        ok = code == 0 and counts is not None and counts[0] > 0
        print(f"  {name}: {'ok' if ok else 'FAILED'}", flush=True)
        if not ok:
            print(out[-3000:])
            wrong.append(f"compute-sanitizer on {name}: {out.strip()[-500:]}")
    return {"wrong": wrong}


PROGRAMS = [
    "test_cuda_net", "test_cuda_device", "test_train", "test_cuda_kernels", "test_columns",
    "gpu_bench", "cuda_kernels_bench", "loader_bench",
]  # fmt: skip
# Those that need no stand-ins, whose place is compiled in.
GPU_TRAINING = ["-tc=on GPUs*,a run begun on GPUs*"]
SAME_BITS = "*same bits*"
# Name, seconds of the usual limit, work. Those without which the others say nothing come first: nets and their
# gradients against the reference, columns, kernels. Every process has cuDNN compile its fused convolutions, which takes
# longer than the measuring.
STAGES = [
    ("nets", 95, test_stage(["test_cuda_net"], [f"-tce=*replicas*,{SAME_BITS}"])),
    ("columns", 50, test_stage(["test_cuda_net"], ["-tce=*replicas*", f"-tc={SAME_BITS}"])),
    ("kernels", 25, test_stage(["test_cuda_device"])),
    ("speed", 85, speed),
    ("peer", 85, peer),
    ("replicas", 35, test_stage(["test_cuda_net"], ["-tc=*replicas*"])),
    ("training", 25, test_stage(["test_train"], GPU_TRAINING)),
    ("choices", 55, choices),
    ("loader", 10, loader),
    ("kernel-times", 10, kernel_times),
    ("sanitizer", 15, sanitizer),
    ("host", 10, test_stage(["test_cuda_kernels", "test_columns"])),
]
USUAL_LIMIT = sum(seconds for _, seconds, _ in STAGES)


def stages_of(names):
    known = [name for name, _, _ in STAGES]
    for name in names or []:
        if name not in known:
            raise Failed(f"there is no stage {name}; there are {', '.join(known)}")
    return [stage for stage in STAGES if not names or stage[0] in names]


def check_all(check, names):
    stages = stages_of(names)
    share = check.options.limit / sum(seconds for _, seconds, _ in stages)
    end = time.monotonic()
    for name, seconds, work in stages:
        end += seconds * share
        start = time.monotonic()
        left = end - start
        print(f"{name} (at most {max(0, left):.0f} s)", flush=True)
        if left < 5:
            found = {"wrong": [f"no time was left for {name}"]}
        else:
            try:
                found = work(check, left)
            except Exception as error:  # one stage's fault shall not take what the others find
                print(traceback.format_exc(), flush=True)
                found = {"wrong": [f"{name} cannot be done: {error!r}"]}
        found["seconds"] = round(time.monotonic() - start, 1)
        check.result["stages"][name] = found
        check.write()


def table(result):
    stages = result["stages"]
    ours = {(r["precision"], r["batch"]): r.get("images_per_s") for r in stages.get("speed", {}).get("runs", [])}
    theirs = {(r["precision"], r["batch"]): r["images_per_s"] for r in stages.get("peer", {}).get("runs", [])}
    if ours:
        print(f"\n{'precision':<10}{'batch':>6}{'engine':>12}{'PyTorch':>12}{'times':>8}   images a second")
    for key, value in ours.items():
        other = theirs.get(key)
        times = f"{value / other:.2f}" if value and other else "-"
        shown = [f"{v:.0f}" if v else "-" for v in (value, other)]
        print(f"{key[0]:<10}{key[1]:>6}{shown[0]:>12}{shown[1]:>12}{times:>8}")
    for name, r in stages.get("choices", {}).get("ways", {}).items():
        if "error" in r:
            continue
        print(f"{name}: {r['images_per_s']:.0f} images/s, {r['exchange_ms_per_step']:.2f} ms a step in copies")
        layers = r.get("layers", [])
        total = sum(l["forward_ms"] + l["backward_ms"] for l in layers) or 1
        for l in layers:
            share = (l["forward_ms"] + l["backward_ms"]) / total
            print(
                f"  {l['name']:<8}{l['forward_ms']:>9.2f} ms forward{l['backward_ms']:>9.2f} ms backward{share:>8.0%}"
                + reached(l, r.get("kernels", []))
            )
        engines(r.get("measured_engines", []))
        update = sum(k["bytes"] for k in r.get("kernels", []) if k["layer"] == "update")
        if update:
            print(f"  every step moves at least {sum(k['bytes'] for k in r['kernels']) / 1e9:.2f} GB, the update {update / 1e9:.2f}")


def engines(found):
    """What measuring gains where it finds a faster engine than the one that its library puts first."""
    first, fastest = (sum(e[key] for e in found) for key in ("first_ms", "fastest_ms"))
    if found:
        print(f"  a column's convolutions and products: {first:.2f} ms with the first engines, {fastest:.2f} ms with the fastest")
    for e in found:
        if e["fastest_ms"] < 0.98 * e["first_ms"]:
            print(f"  {e['layer']:<8}{e['pass']:<26}{e['first_ms']:>9.3f} ms, fastest{e['fastest_ms']:>9.3f} ms of {e['measured']}")


def reached(layer, kernels):
    """What a layer reaches of the device: of its bandwidth, were its kernels bound by that alone, and of its
    arithmetic."""
    seconds = (layer["forward_ms"] + layer["backward_ms"]) / 1e3
    own = [k for k in kernels if k["layer"] == layer["name"]]
    if not own or seconds <= 0:
        return ""
    moved, computed = sum(k["bytes"] for k in own), sum(k["flops"] for k in own)
    return f"{moved / seconds / 1e12:>8.2f} TB/s{computed / seconds / 1e12:>8.0f} TFLOP/s"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", type=lambda text: text.split(","), help="these stages alone, added to the results")
    parser.add_argument("--limit", type=float, default=USUAL_LIMIT, help="seconds for all stages, without the build")
    parser.add_argument("--preset", default="paper-2012")
    parser.add_argument("--programs", help="a folder with what was built before")
    parser.add_argument("--build-only", action="store_true")
    parser.add_argument("--architecture", help="for --build-only; otherwise this machine's GPU's")
    parser.add_argument("--results", help="the file to write; otherwise native/bench/results/<gpu>.json")
    parser.add_argument("--peer", help="a program instead of peer_gpu.py")
    parser.add_argument("cmake", nargs="*", help="options for cmake, after --")
    options = parser.parse_args()
    stages_of(options.only)

    if options.build_only:
        build(options.architecture or gpus()[0]["capability"].replace(".", ""), options.cmake, 3600)
        print(f"Built; what is to be brought to a machine with a GPU is in {os.path.relpath(carry())}")
        return 0
    found = gpus()
    for number, gpu in enumerate(found):
        print(f"cuda:{number}  {gpu['name']}, {gpu['memory_mib'] or '?'} MiB, driver {gpu['driver']}")
    alone = None
    if not options.programs:
        alone = build(found[0]["capability"].replace(".", ""), options.cmake, 300)
    check = Check(options, found, os.path.abspath(options.programs or BUILD))
    if alone is not None:
        check.result["cudaAlone"] = alone
    if not check.has("gpu_bench") or not check.has("test_cuda_net"):
        raise Failed(f"{check.programs} does not hold the programs to check: gpu_bench, test_cuda_net and others")
    check_all(check, options.only)
    table(check.result)
    print(f"\nWritten: {os.path.relpath(check.path)}")
    bad = check.result["wrong"]
    print("\n".join(["WRONG:", *bad]) if bad else "Nothing is wrong.")
    return 1 if bad else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by way of run(), which ends what it has started
    try:
        sys.exit(main())
    except Failed as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
