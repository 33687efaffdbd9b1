#!/usr/bin/python3
"""What step_bench and photo_bench are measured against: the same net in PyTorch, fp32.

    peer_step.py step PRESET.json [--batch 128] [--steps 5] [--warmup 2] [--threads N]   training on random data
    peer_step.py photo PRESET.json FOLDER [--rounds 5] [--threads N]                     photos one by one, with PIL

Prints one JSON line; exit status 3 when a library is missing.
"""

import argparse
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/torch"))


def step(net, config, options):
    import torch
    from torch_net import Sgd

    sgd = Sgd(net.train(), config["optimiser"])
    sgd.rate = 1e-4
    size = config["net"]["inputSize"]
    images = torch.randn(options.batch, 3, size, size) * 60
    labels = torch.arange(options.batch) % config["net"]["classes"]

    def one():
        sgd.zero()
        torch.nn.functional.cross_entropy(net(images), labels).backward()
        sgd.step()

    for _ in range(options.warmup):
        one()
    start = time.perf_counter()
    for _ in range(options.steps):
        one()
    seconds = time.perf_counter() - start
    return {"ms_per_step": 1000 * seconds / options.steps, "images_per_s": options.batch * options.steps / seconds}


def photo(net, config, options):
    import numpy as np
    import torch
    from PIL import Image, ImageOps

    net.eval()
    size = config["net"]["inputSize"]
    edge = (256 - size) // 2
    mean = torch.tensor([127.305, 119.715, 104.913]).view(3, 1, 1)
    files = sorted(entry.path for entry in os.scandir(options.folder) if entry.is_file())

    def read(path):
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened.convert("RGB"))
        scale = 256 / min(image.size)
        width, height = (max(256, round(side * scale)) for side in image.size)
        image = image.resize((width, height), Image.BILINEAR)
        left, top = (width - 256) // 2 + edge, (height - 256) // 2 + edge
        return torch.from_numpy(np.array(image.crop((left, top, left + size, top + size))))

    def classify(path):
        pixels = read(path).permute(2, 0, 1).float() - mean
        return torch.softmax(net(pixels.unsqueeze(0)), 1)

    total, reading = [], []
    with torch.inference_mode():
        for counted in range(-1, options.rounds):
            for path in files:
                start = time.perf_counter()
                assert classify(path).shape[0] == 1
                end = time.perf_counter()
                read(path)
                if counted >= 0:
                    total.append(1000 * (end - start))
                    reading.append(1000 * (time.perf_counter() - end))
    middle = len(total) // 2
    return {"photos": len(total), "ms_per_photo": sorted(total)[middle], "read_ms": sorted(reading)[middle],
            "best_ms": min(total)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["step", "photo"])
    parser.add_argument("preset")
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()

    import torch
    from torch_net import Net

    torch.set_num_threads(options.threads)
    with open(options.preset) as file:
        config = json.load(file)["config"]
    net = Net(config["net"]).draw(1)
    result = {"step": step, "photo": photo}[options.what](net, config, options)
    print(json.dumps({"what": options.what, "peer": f"PyTorch {torch.__version__}", "preset": config["preset"],
                      "threads": options.threads, **result}))


if __name__ == "__main__":
    try:
        main()
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
