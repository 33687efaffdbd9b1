#!/usr/bin/env python3
"""Writes the corpus's files of PyTorch and ONNX: small nets as these programs save them. Needs torch and onnx."""
import collections
import pathlib
import shutil
import sys

import torch
from torch import nn

out = pathlib.Path(sys.argv[1])
torch.manual_seed(1)


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.ReLU(),
                                      nn.MaxPool2d(3, 2), nn.Conv2d(4, 4, 3, groups=2), nn.ReLU())
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(4, 3))

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


net = Small().eval()
state = net.state_dict()
torch.save(state, out / "seed-torch-zip.bin")
torch.save(state, out / "seed-torch-legacy.bin", _use_new_zipfile_serialization=False)
wrapped = {"epoch": 3, "best": 0.5, "arch": "alexnet", "sizes": [1, (2, None, True)],
           "state_dict": collections.OrderedDict(("module." + k, v.half()) for k, v in state.items())}
torch.save(wrapped, out / "seed-torch-wrapped.bin")
torch.save(wrapped, out / "seed-torch-wrapped-legacy.bin", _use_new_zipfile_serialization=False)
turned = {k: (v.to(memory_format=torch.channels_last) if v.dim() == 4 else v.double().t()) for k, v in state.items()}
torch.save(turned, out / "seed-torch-strides.bin", pickle_protocol=4)
torch.onnx.export(net, torch.zeros(1, 3, 15, 15), str(out / "seed-onnx.bin"), opset_version=13,
                  training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
import onnx  # noqa: E402

model = onnx.load(str(out / "seed-onnx.bin"))
onnx.save(model, str(out / "beside.onnx"), save_as_external_data=True, location="weights", size_threshold=0)
shutil.move(str(out / "beside.onnx"), str(out / "seed-onnx-beside.bin"))
(out / "weights").unlink()
