"""The PyTorch net of a run configuration, to compare the engine with: the same layers, layouts of parameters,
preprocessing and update rule, and nothing of the engine's own code.

Parameters have the engine's names and layout: conv [out, in of its group, k, k], fc [out, in of its group].
"""

import json
import math
import struct

import numpy as np
import torch
import torch.nn.functional as F

SIDE = 256  # of a packed record


# Layers


def merged(own, default):
    """A layer's setting over the net's; None where either switches it off (null or false)."""
    if own is None or own is False:
        return None
    if not isinstance(default, dict):
        return own or None
    return {**default, **own}


def window_count(length, size, stride, rounding):
    rest = length - size
    return 1 + (rest // stride if rounding == "floor" else -(-rest // stride))


def layer_width(net, layer):
    if layer["width"] == "classes":
        return net["classes"]
    factor = net.get("widthFactor", 1)
    if factor == 1 or layer is net["layers"][-1]:
        return layer["width"]
    block = 16 * net["columns"]  # widths are scaled in whole blocks of 16 maps a column
    return block * max(1, math.floor(layer["width"] * factor / block + 0.5))


class Layer(torch.nn.Module):
    """A convolution or product and what follows it. `shape` is what it reads: (channels, height, width)."""

    def __init__(self, net, layer, shape, first):
        super().__init__()
        self.net, self.spec, self.kind = net, layer, layer["kind"]
        self.columns = net["columns"]
        own = layer.get("reads") == "own" and not first
        self.groups = self.columns if own else 1
        self.width = layer_width(net, layer)
        channels, height, width = shape
        if self.kind == "conv":
            self.kernel, self.stride = layer["kernel"], layer.get("stride", 1)
            padding = layer.get("padding", 0)
            padding = padding if isinstance(padding, dict) else {"size": padding}
            self.begin = padding.get("size", 0)
            rounding = padding.get("rounding", "floor")
            out = window_count(height + 2 * self.begin, self.kernel, self.stride, rounding)
            # Zeros at the right and bottom; ceil may need more than there are at the left and top.
            self.end = self.begin
            if rounding == "ceil":
                self.end = (out - 1) * self.stride + self.kernel - height - self.begin
            weight_shape = [self.width, channels // self.groups, self.kernel, self.kernel]
            shape = (self.width, out, out)
        else:
            weight_shape = [self.width, channels * height * width // self.groups]
            shape = (self.width, 1, 1)
        self.weight = torch.nn.Parameter(torch.empty(weight_shape))
        self.bias = torch.nn.Parameter(torch.empty(self.width))
        self.ops = [op for op in (self.make_op(name) for name in layer.get("then", [])) if op is not None]
        for name, settings in self.ops:
            if name == "pool":
                side = window_count(shape[1], settings["size"], settings["stride"], settings["rounding"])
                shape = (shape[0], side, side)
        self.shape = shape

    def make_op(self, name):
        net, layer = self.net, self.spec
        if name == "activation":
            return name, net.get("activation", "relu")
        if name == "dropout":
            p = layer.get("dropout", net.get("dropout", 0.5))
            return (name, p) if p > 0 else None
        field = {"lrn": "lrn", "spatialNorm": "spatialNorm", "pool": "pooling"}[name]
        defaults = {
            "lrn": {"size": 5, "k": 2, "alpha": 1e-4, "beta": 0.75, "alphaOverN": False},
            "spatialNorm": {"size": 5, "k": 1, "alpha": 4e-5, "beta": 0.75},
            "pool": {"size": 3, "stride": 2, "rounding": "floor"},
        }[name]
        settings = merged(net.get(field, {}), defaults)
        settings = settings and merged(layer.get(field, {}), settings)
        return (name, settings) if settings else None

    def draw(self, generator):
        """The configuration's initial weights from PyTorch's generator."""
        init = self.spec.get("init", self.net.get("init", {"kind": "gaussian"}))
        sigma = self.spec.get("sigma", init.get("sigma", 0.01))
        if init["kind"] == "he" and "sigma" not in self.spec:
            sigma = math.sqrt(2 / self.weight[0].numel())
        with torch.no_grad():
            self.weight.normal_(0, sigma, generator=generator)
            self.bias.fill_(self.spec.get("bias", 0))

    def linear(self, x):
        if self.kind == "conv":
            padding = self.begin
            if self.end != self.begin:
                x = F.pad(x, (self.begin, self.end, self.begin, self.end))
                padding = 0
            return F.conv2d(x, self.weight, self.bias, self.stride, padding, groups=self.groups)
        x = torch.flatten(x, 1)
        if self.groups == 1:
            return F.linear(x, self.weight, self.bias)
        parts = zip(x.chunk(self.groups, 1), self.weight.chunk(self.groups), self.bias.chunk(self.groups))
        return torch.cat([F.linear(*part) for part in parts], 1)

    def lrn(self, x, settings):
        n, c, h, w = x.shape
        # PyTorch divides alpha by the size. Each column normalises its own maps.
        alpha = settings["alpha"] * (1 if settings["alphaOverN"] else settings["size"])
        x = x.reshape(n * self.columns, c // self.columns, h, w)
        x = F.local_response_norm(x, settings["size"], alpha, settings["beta"], float(settings["k"]))
        return x.reshape(n, c, h, w)

    def spatial_norm(self, x, settings):
        size = settings["size"]
        mean = F.avg_pool2d(x * x, size, 1, size // 2, count_include_pad=True)
        return x * (settings["k"] + settings["alpha"] * size * size * mean) ** -settings["beta"]

    def dropout(self, x, p):
        if self.net.get("dropoutScale", "training") == "training":
            return F.dropout(x, p, self.training)
        # The paper's: masked in training, times 1 - p at test.
        return F.dropout(x, p, self.training) * (1 - p)

    def forward(self, x):
        x = self.linear(x)
        for name, settings in self.ops:
            if name == "activation":
                x = {"relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[settings](x)
            elif name == "pool":
                ceil = settings["rounding"] == "ceil"
                x = F.max_pool2d(x, settings["size"], settings["stride"], ceil_mode=ceil)
            elif name == "lrn":
                x = self.lrn(x, settings)
            elif name == "spatialNorm":
                x = self.spatial_norm(x, settings)
            else:
                x = self.dropout(x, settings)
        return x


class Net(torch.nn.Module):
    """The net of a configuration's "net" object."""

    def __init__(self, net):
        super().__init__()
        self.layers = torch.nn.ModuleDict()
        shape = (3, net["inputSize"], net["inputSize"])
        for layer in net["layers"]:
            self.layers[layer["name"]] = Layer(net, layer, shape, first=not self.layers)
            shape = self.layers[layer["name"]].shape

    def draw(self, seed):
        generator = torch.Generator().manual_seed(seed)
        for layer in self.layers.values():
            layer.draw(generator)
        return self

    def forward(self, x):
        for layer in self.layers.values():
            x = layer(x)
        return x

    def tensors(self):
        """Name to numpy array, in the engine's layout."""
        return {name.removeprefix("layers."): p.detach().numpy() for name, p in self.named_parameters()}

    def load(self, tensors):
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                parameter.copy_(torch.from_numpy(tensors[name.removeprefix("layers.")].copy()))
        return self


class Sgd:
    """The paper's update, the rate inside the velocity: v <- m v - decay rate w - rate g; w <- w + v.

    A constant rate; `rate` may be set between steps.
    """

    def __init__(self, net, optimiser):
        self.net, self.optimiser = net, optimiser
        self.rate = optimiser["learningRate"]
        self.velocity = {name: torch.zeros_like(p) for name, p in net.named_parameters()}

    @torch.no_grad()
    def step(self):
        o = self.optimiser
        for name, parameter in self.net.named_parameters():
            layer, kind = name.split(".")[1:]
            spec = self.net.layers[layer].spec
            bias = kind == "bias"
            rate = self.rate
            if bias and not o.get("biasRateFollowsSchedule", True):
                rate = o["learningRate"]
            rate *= o.get("biasLearningRateFactor", 1) if bias else 1
            rate *= spec.get("biasLearningRateFactor" if bias else "learningRateFactor", 1)
            decay = o["weightDecay"] * (o.get("biasWeightDecayFactor", 0) if bias else 1)
            decay *= spec.get("biasWeightDecayFactor" if bias else "weightDecayFactor", 1)
            v = self.velocity[name].mul_(o["momentum"])
            if decay:
                v.add_(parameter, alpha=-decay * rate)
            v.add_(parameter.grad, alpha=-rate)
            parameter.add_(v)

    def zero(self):
        for parameter in self.net.parameters():
            parameter.grad = None


# Files


def read_safetensors(path):
    """Name to float32 array."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for name, info in header.items():
        assert info["dtype"] == "F32", f"{name} is {info['dtype']}"
        begin, end = info["data_offsets"]
        tensors[name] = np.frombuffer(data[begin:end], "<f4").reshape(info["shape"])
    return tensors


def write_safetensors(path, tensors):
    header, at = {}, 0
    for name, values in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [at, at + values.nbytes]}
        at += values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for values in tensors.values():
            file.write(np.ascontiguousarray(values, "<f4").tobytes())


class Pack:
    """A packed data set as native/src/data/pack_format.h describes it."""

    def __init__(self, path):
        head = np.fromfile(path, np.uint8, 4096)
        numbers = head[16:96].view("<u8")
        self.count, self.classes = int(numbers[0]), int(numbers[1])
        labels_at, statistics_at = int(numbers[4]), int(numbers[6])
        self.records = np.memmap(path, np.uint8, "r", 4096, (self.count, SIDE, SIDE, 3))
        self.labels = np.fromfile(path, "<i4", self.count, offset=labels_at).astype(np.int64)
        numbers = np.fromfile(path, "<f8", 24, offset=statistics_at)
        self.mean_rgb, self.eigenvalues = numbers[:3], numbers[12:15]
        self.axes = numbers[15:24].reshape(3, 3)  # row i: axis i
        image_at = statistics_at + 24 * 8
        self.mean_image = np.fromfile(path, "<f4", SIDE * SIDE * 3, offset=image_at).reshape(SIDE, SIDE, 3)


class Preprocessing:
    """Records to inputs: (pixel + noise - mean) * gain."""

    def __init__(self, config, pack):
        augmentation = config["augmentation"]
        self.size = config["net"]["inputSize"]
        self.gain = np.float32(augmentation.get("gain", 1))
        self.kind = augmentation["mean"]
        self.follows = augmentation.get("meanFollowsCrop", True)
        self.random_crop, self.mirror = augmentation["crop"] == "random", augmentation["mirror"]
        self.noise = augmentation["colourNoise"]
        self.mean_image = pack.mean_image
        self.mean_rgb = pack.mean_rgb.astype(np.float32)
        # Noise along the axes; the deviation along an axis is the root of its eigenvalue.
        self.noise_axes = np.sqrt(np.maximum(pack.eigenvalues, 0))[:, None] * pack.axes

    def write(self, record, out, top, left, mirror=False, colour=None):
        """One record to `out` [3, size, size]."""
        size, centre = self.size, (SIDE - self.size) // 2
        crop = record[top : top + size, left : left + size]
        if self.kind == "image" and self.follows:
            values = crop - self.mean_image[top : top + size, left : left + size]
        elif self.kind == "image":
            # The mean image's centre lies under every crop, also under a mirrored one.
            mean = self.mean_image[centre : centre + size, centre : centre + size]
            values = crop - (mean[:, ::-1] if mirror else mean)
        elif self.kind == "rgb":
            values = crop - self.mean_rgb
        else:
            values = crop.astype(np.float32)
        if colour is not None:
            values += colour
        if mirror:
            values = values[:, ::-1]
        np.multiply(values.transpose(2, 0, 1), self.gain, out=out)

    def centre(self, records):
        """[n, 3, size, size], centre crops as a tensor."""
        at = (SIDE - self.size) // 2
        out = np.empty((len(records), 3, self.size, self.size), np.float32)
        for record, place in zip(records, out):
            self.write(record, place, at, at)
        return torch.from_numpy(out)

    def augmented(self, records, random):
        """The same with the configuration's augmentation, drawn from a numpy generator."""
        out = np.empty((len(records), 3, self.size, self.size), np.float32)
        last = SIDE - self.size
        for record, place in zip(records, out):
            top, left = random.integers(0, last + 1, 2) if self.random_crop else (last // 2, last // 2)
            colour = None
            if self.noise > 0:
                colour = ((random.standard_normal(3) * self.noise) @ self.noise_axes).astype(np.float32)
            self.write(record, place, top, left, self.mirror and random.random() < 0.5, colour)
        return torch.from_numpy(out)
