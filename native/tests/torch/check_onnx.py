"""Passes ONNX files to ONNX's checker, shapes inferred and all. Prints a JSON list, an object for each file.

    check_onnx.py FILE.onnx...
"""

import json
import sys

import onnx


def check(file):
    onnx.checker.check_model(file, full_check=True)
    model = onnx.load(file)
    return {
        "opset": model.opset_import[0].version,
        "outputs": [output.name for output in model.graph.output],
        "nodes": [node.op_type for node in model.graph.node],
        "metadata": sorted(entry.key for entry in model.metadata_props),
    }


if __name__ == "__main__":
    print(json.dumps([check(file) for file in sys.argv[1:]]))
