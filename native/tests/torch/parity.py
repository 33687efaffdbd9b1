"""PyTorch's side of the parity test (main/shells/cli/torch-parity.test.ts). Prints one JSON object.

    parity.py logits CONFIG.json PACK WEIGHTS.safetensors   draws weights, writes them; logits of the pack's images
    parity.py losses CONFIG.json PACK WEIGHTS.safetensors   losses of CONFIG.steps training steps from these weights

CONFIG is a resolved run configuration. Records are visited in pack order, with the configuration's centre crop.
"""

import json
import sys

import numpy as np
import torch
import torch.nn.functional as F

from torch_net import Net, Pack, Preprocessing, Sgd, read_safetensors, write_safetensors

# Logits of this size tell images apart and leave every probability within float's range.
LOGIT_DEVIATION = 2.0


def draw_sensitive(net, inputs):
    """Weights that keep the signal's size through all layers, and biases that are not alike, so that an error in
    any layer shows in the logits; the classifier scaled for LOGIT_DEVIATION. Returns the logits."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for layer in net.layers.values():
            layer.weight.normal_(0, (2 / layer.weight[0].numel()) ** 0.5, generator=generator)
            layer.bias.normal_(0, 0.1, generator=generator)
        deviation = net(inputs).std()
        layer.weight.mul_(LOGIT_DEVIATION / deviation)
        return net(inputs)


def logits(config, pack, weights):
    net, preprocessing = Net(config["net"]).eval(), Preprocessing(config, pack)
    preprocessing.mean_rgb = np.float32(config["importedMean"])
    found = draw_sensitive(net, preprocessing.centre(pack.records))
    write_safetensors(weights, net.tensors())
    return {"logits": found.tolist()}


def losses(config, pack, weights):
    net = Net(config["net"]).load(read_safetensors(weights)).train()
    preprocessing, sgd = Preprocessing(config, pack), Sgd(net, config["optimiser"])
    batch, found = config["optimiser"]["batchSize"], []
    labels, first = torch.from_numpy(pack.labels), 0
    for _ in range(config["steps"]):
        part = slice(first, first + batch)
        loss = F.cross_entropy(net(preprocessing.centre(pack.records[part])), labels[part])
        sgd.zero()
        loss.backward()
        sgd.step()
        found.append(loss.item())
        first = 0 if first + batch >= pack.count else first + batch
    return {"losses": found}


def main():
    what, config, pack, weights = sys.argv[1:]
    torch.set_num_threads(2)
    with open(config) as file:
        config = json.load(file)
    print(json.dumps({"logits": logits, "losses": losses}[what](config, Pack(pack), weights)))


if __name__ == "__main__":
    main()
