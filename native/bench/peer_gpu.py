#!/usr/bin/env python3
"""What gpu_bench is measured against: the same net in PyTorch on a GPU, channels last, compiled.

    peer_gpu.py PRESET.json [--batch 128 ...] [--precision bf16 ...] [--steps 50] [--warmup 10]
                [--mode default|max-autotune|none]

bf16 is autocast over fp32 weights, as in the engine. Every precision is measured at every batch, in the order given;
prints one JSON line for each, or says why there is none. What cannot be compiled (PyTorch's compiler wants a C
compiler and Python's headers) is measured as it is, and its mode says so: "none". Exit status 1 when something was not
measured, 3 when PyTorch or a GPU is missing.
"""

import argparse
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/torch"))


def measure(options, config, precision, batch, mode):
    import torch
    from torch_net import Net

    tf32 = precision != "fp32"
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    # Each shape is compiled for itself, as in a run that has one batch size.
    torch.compiler.reset()
    net = Net(config["net"]).draw(1).cuda().to(memory_format=torch.channels_last).train()
    compiled = net if mode == "none" else torch.compile(net, mode=mode, dynamic=False)
    o = config["optimiser"]
    sgd = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=o["momentum"], weight_decay=o["weightDecay"], fused=True)
    size = config["net"]["inputSize"]
    images = (torch.randn(batch, 3, size, size) * 60).to(memory_format=torch.channels_last)
    # On the GPU already: the engine brings its next batch while it computes, which costs the peer nothing here.
    images = (images.bfloat16() if precision == "bf16" else images).cuda()
    labels = (torch.arange(batch) % config["net"]["classes"]).cuda()

    def one():
        with torch.autocast("cuda", torch.bfloat16, enabled=precision == "bf16"):
            loss = torch.nn.functional.cross_entropy(compiled(images).float(), labels)
        loss.backward()
        sgd.step()
        sgd.zero_grad(set_to_none=True)
        return loss

    for _ in range(options.warmup):
        one()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(options.steps):
        loss = one()
    torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    return {
        "what": "train",
        "engine": f"PyTorch {torch.__version__}",
        "mode": mode,
        "preset": config["preset"],
        "precision": precision,
        "batch": batch,
        "ms_per_step": 1000 * seconds / options.steps,
        "loss": loss.item(),
        "images_per_s": batch * options.steps / seconds,
    }


def measure_somehow(options, config, precision, batch):
    """Compiled, or where that fails not compiled; None where neither works."""
    for mode in dict.fromkeys([options.mode, "none"]):
        try:
            return measure(options, config, precision, batch, mode)
        except Exception as error:
            print(f"{precision} batch {batch}, mode {mode}: {error!r:.1000}", file=sys.stderr, flush=True)
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("preset")
    parser.add_argument("--batch", type=int, nargs="+", default=[128])
    parser.add_argument("--precision", choices=["fp32", "tf32", "bf16"], nargs="+", default=["bf16"])
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--warmup", type=int, default=10)
    parser.add_argument("--mode", choices=["default", "max-autotune", "none"], default="default")
    options = parser.parse_args()
    import torch

    if not torch.cuda.is_available():
        raise ImportError("PyTorch sees no GPU")
    with open(options.preset) as file:
        config = json.load(file)["config"]
    missing = False
    for precision in options.precision:
        for batch in options.batch:
            result = measure_somehow(options, config, precision, batch)
            missing = missing or result is None
            if result:
                print(json.dumps(result), flush=True)
    return 1 if missing else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
