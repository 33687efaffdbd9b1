"""PyTorch's side of the tests of imported and exported models (main/shells/cli/foreign-models.test.ts), one process for
all of them: reads a JSON list a line, a command and its arguments, and answers each with a line of JSON.

    save torchvision|PEER.py NARROW PACK FOLDER PHOTO...   draws the net's weights, saves them by torch.save in both formats
        (FOLDER/zip.pth, FOLDER/legacy.pth); logits of the pack's records and of the photos as PIL resizes them. All
        widths but the classes are divided by NARROW
    load FILE.pth                                          loads what was exported, strictly, into the net that was saved
        last; whether it is bit for bit the same
    check FILE.onnx                                        passes it to ONNX's checker
"""

import copy
import importlib.util
import json
import sys

import numpy as np
import torch

from check_onnx import check
from parity import LOGIT_DEVIATION
from torch_net import Pack

CROP = 224
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


saved = {}


def make(what, narrow):
    if what == "torchvision":
        import torchvision

        return torchvision.models.alexnet().eval()
    spec = importlib.util.spec_from_file_location("peer", what)
    peer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peer)
    return narrowed(peer.AlexNet(), narrow).eval()


def narrowed(net, by):
    """The same net with every width divided, but for the colours and the classes."""
    layers = [(name, layer) for name, layer in net.named_children() if hasattr(layer, "weight")]
    for i, (name, layer) in enumerate(layers):
        if isinstance(layer, torch.nn.Linear):
            outputs = layer.out_features // (1 if i == len(layers) - 1 else by)
            setattr(net, name, torch.nn.Linear(layer.in_features // by, outputs))
        else:
            inputs = layer.in_channels // (1 if i == 0 else by)
            form = {key: getattr(layer, key) for key in ("stride", "padding", "groups")}
            setattr(net, name, torch.nn.Conv2d(inputs, layer.out_channels // by, layer.kernel_size, **form))
    return net


def normalise(pixels):
    """[n, 224, 224, 3] bytes as torchvision's transforms make the input of them."""
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    return (x - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(DEVIATION).view(1, 3, 1, 1)


def draw(net, inputs):
    """Weights that keep the signal's size, so that an error in any layer shows in the logits."""
    generator = torch.Generator().manual_seed(11)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.endswith("weight"):
                parameter.normal_(0, (2 / parameter[0].numel()) ** 0.5, generator=generator)
                last = parameter
            else:
                parameter.normal_(0, 0.1, generator=generator)
        last.mul_(LOGIT_DEVIATION / net(inputs).std())


def pil_crop(path):
    """torchvision's Resize(256), CenterCrop(224)."""
    from PIL import Image
    from torchvision import transforms

    image = transforms.CenterCrop(CROP)(transforms.Resize(256)(Image.open(path).convert("RGB")))
    return np.asarray(image)


def save(what, narrow, pack, folder, *photos):
    net, begin = make(what, narrow), (256 - CROP) // 2
    records = Pack(pack).records[:, begin : begin + CROP, begin : begin + CROP]
    x = normalise(np.ascontiguousarray(records))
    draw(net, x)
    saved["net"] = net
    torch.save(net.state_dict(), f"{folder}/zip.pth")
    wrapped = {"epoch": 7, "state_dict": {f"module.{name}": value for name, value in net.state_dict().items()}}
    torch.save(wrapped, f"{folder}/legacy.pth", _use_new_zipfile_serialization=False)
    resized = np.stack([pil_crop(photo) for photo in photos])
    with torch.no_grad():
        pixels = np.abs(resized.astype(np.float32) - records.astype(np.float32))
        return {
            "parameters": sum(value.numel() for value in net.parameters()),
            "logits": net(x).tolist(),
            "resizedLogits": net(normalise(resized)).tolist(),
            "meanPixelDifference": float(pixels.mean()),
            "largestPixelDifference": float(pixels.max()),
        }


def load(file):
    drawn, loaded = saved["net"], copy.deepcopy(saved["net"])
    for value in loaded.state_dict().values():
        value.zero_()
    loaded.load_state_dict(torch.load(file, weights_only=True))
    return {"same": all(torch.equal(value, loaded.state_dict()[name]) for name, value in drawn.state_dict().items())}


if __name__ == "__main__":
    torch.set_num_threads(2)
    for line in sys.stdin:
        command, *given = json.loads(line)
        print(json.dumps({"save": save, "load": load, "check": check}[command](*given)), flush=True)
