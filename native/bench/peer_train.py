#!/usr/bin/python3
"""Trains a run's net in PyTorch with the run's settings on the same packs, to compare the curves with.

    peer_train.py CONFIG.json TRAIN.pack [VAL.pack] [--epochs N] [--threads N] [--max-seconds S] [--init FILE]

CONFIG is a resolved run configuration ("config" of `runs show RUN --json`, or a preset's). The initial weights are
drawn from the configuration's distribution, or read from a safetensors file. Prints one JSON line an epoch:
epoch, train_loss, train_top1_error, val_loss, val_top1_error, val_top5_error, rate, seconds since the start. Draws
(order, crops, mirrors, colour, dropout) come from numpy's and PyTorch's generators. Stops before an epoch that
would begin after --max-seconds; exit status 3 when a library is missing.
"""

import argparse
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/torch"))


class Schedule:
    """The rate of a run, as native/src/train/schedule.cc moves it."""

    def __init__(self, optimiser, total_steps):
        self.spec, self.base, self.total = optimiser["schedule"], optimiser["learningRate"], total_steps
        self.best, self.stalled, self.drops, self.stopped = float("inf"), 0, 0, False

    def start_epoch(self, epoch):
        if self.spec["kind"] == "steps" and epoch in self.spec["epochs"]:
            self.base *= self.spec["factor"]

    def rate(self, step):
        if self.spec["kind"] != "polynomial":
            return self.base
        return self.base * max(0.0, 1 - step / self.total) ** self.spec.get("power", 1)

    def finish_epoch(self, error):
        if self.spec["kind"] != "plateau":
            return
        if error < self.best - self.spec["threshold"]:
            self.best, self.stalled = error, 0
            return
        self.stalled += 1
        if self.stalled < self.spec["patience"]:
            return
        self.stalled = 0
        self.stopped = self.drops >= self.spec["maxDrops"]
        self.drops += 1
        self.base *= 1 if self.stopped else self.spec["factor"]


class Sums:
    def __init__(self):
        self.loss, self.top1, self.top5, self.images = 0.0, 0, 0, 0

    def add(self, logits, labels, loss):
        count = len(labels)
        top = logits.topk(min(5, logits.shape[1]), 1).indices == labels[:, None]
        self.loss += loss.item() * count
        self.top1 += count - int(top[:, 0].sum())
        self.top5 += count - int(top.any(1).sum())
        self.images += count


def evaluate(net, preprocessing, pack, batch):
    import torch

    sums = Sums()
    net.eval()
    with torch.inference_mode():
        for first in range(0, pack.count, batch):
            labels = torch.from_numpy(pack.labels[first : first + batch])
            logits = net(preprocessing.centre(pack.records[first : first + batch]))
            sums.add(logits, labels, torch.nn.functional.cross_entropy(logits, labels))
    return sums


def train_epoch(net, sgd, schedule, preprocessing, pack, batch, order, random, step):
    import torch

    sums = Sums()
    net.train()
    for first in range(0, pack.count, batch):
        images = order[first : first + batch]
        labels = torch.from_numpy(pack.labels[images])
        logits = net(preprocessing.augmented([pack.records[i] for i in images], random))
        loss = torch.nn.functional.cross_entropy(logits, labels)
        sgd.zero()
        loss.backward()
        sgd.rate = schedule.rate(step)
        sgd.step()
        step += 1
        sums.add(logits.detach(), labels, loss)
    return sums, step


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("config")
    parser.add_argument("train")
    parser.add_argument("val", nargs="?")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--max-seconds", type=float, default=float("inf"))
    parser.add_argument("--init")
    options = parser.parse_args()

    import numpy as np
    import torch
    from torch_net import Net, Pack, Preprocessing, Sgd, read_safetensors

    with open(options.config) as file:
        config = json.load(file)
    config = config.get("config", config)
    torch.set_num_threads(options.threads)
    train, val = Pack(options.train), Pack(options.val) if options.val else None
    config["net"]["classes"] = train.classes
    batch, seed = config["optimiser"]["batchSize"], config.get("seed", 1)
    steps = -(-train.count // batch)
    epochs = options.epochs or config.get("epochs") or -(-config["steps"] // steps)
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    net = Net(config["net"]).draw(seed)
    if options.init:
        net.load(read_safetensors(options.init))
    sgd = Sgd(net, config["optimiser"])
    schedule = Schedule(config["optimiser"], epochs * steps)
    preprocessing = Preprocessing(config, train)  # the validation photos too have the training set's mean taken off
    start, step = time.perf_counter(), 0
    for epoch in range(1, epochs + 1):
        if schedule.stopped or time.perf_counter() - start > options.max_seconds:
            break
        schedule.start_epoch(epoch)
        order = random.permutation(train.count) if config.get("shuffle", True) else np.arange(train.count)
        sums, step = train_epoch(net, sgd, schedule, preprocessing, train, batch, order, random, step)
        line = {"epoch": epoch, "train_loss": sums.loss / sums.images, "train_top1_error": sums.top1 / sums.images}
        if val:
            found = evaluate(net, preprocessing, val, batch)
            line |= {"val_loss": found.loss / found.images, "val_top1_error": found.top1 / found.images,
                     "val_top5_error": found.top5 / found.images}
            schedule.finish_epoch(line["val_top1_error"])
        line |= {"rate": sgd.rate, "seconds": round(time.perf_counter() - start, 1)}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    try:
        main()
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
