"""PyTorch's side of the tests of imported and exported models (main/shells/cli/foreign-models.test.ts). Prints one
JSON object.

    foreign.py save torchvision|PEER.py PACK FOLDER PHOTO...   draws the net's weights, saves them by torch.save in both
        formats (FOLDER/zip.pth, FOLDER/legacy.pth); logits of the pack's records and of the photos as PIL resizes them
    foreign.py load torchvision|PEER.py FILE.pth FOLDER        loads what was exported, strictly; whether it is bit for
        bit what was saved
"""

import importlib.util
import json
import sys

import numpy as np
import torch

from parity import LOGIT_DEVIATION
from torch_net import Pack

CROP = 224
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def make(what):
    if what == "torchvision":
        import torchvision

        return torchvision.models.alexnet().eval()
    spec = importlib.util.spec_from_file_location("peer", what)
    peer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peer)
    return peer.AlexNet().eval()


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


def save(what, pack, folder, *photos):
    net, begin = make(what), (256 - CROP) // 2
    records = Pack(pack).records[:, begin : begin + CROP, begin : begin + CROP]
    x = normalise(np.ascontiguousarray(records))
    draw(net, x)
    torch.save(net.state_dict(), f"{folder}/zip.pth")
    wrapped = {"epoch": 7, "state_dict": {f"module.{name}": value for name, value in net.state_dict().items()}}
    torch.save(wrapped, f"{folder}/legacy.pth", _use_new_zipfile_serialization=False)
    resized = np.stack([pil_crop(photo) for photo in photos])
    with torch.no_grad():
        pixels = np.abs(resized.astype(np.float32) - records.astype(np.float32))
        return {
            "logits": net(x).tolist(),
            "resizedLogits": net(normalise(resized)).tolist(),
            "meanPixelDifference": float(pixels.mean()),
            "largestPixelDifference": float(pixels.max()),
        }


def load(what, file, folder):
    net, saved = make(what), torch.load(f"{folder}/zip.pth")
    net.load_state_dict(torch.load(file, weights_only=True))
    return {"same": all(torch.equal(saved[name], value) for name, value in net.state_dict().items())}


if __name__ == "__main__":
    torch.set_num_threads(2)
    print(json.dumps({"save": save, "load": load}[sys.argv[1]](*sys.argv[2:])))
