#!/usr/bin/python3
"""What pack_bench and loader_bench are measured against: PIL and torchvision on the same work, one thread.

    peer_images.py pack FOLDER     decode, shorter side to 256 (Lanczos), central 256 x 256: images a second
    peer_images.py loader [COUNT]  torchvision transforms on decoded 256 x 256 images: crop, mirror, colour, mean;
                                   of its two forms, on PIL's images and on tensors of bytes, the faster one

Prints one JSON line with the same keys as the benchmark of that name; exit status 3 when a library is missing.
"""

import json
import os
import sys
import time


def process_seconds():
    return time.process_time()


def report(what, peer, images, seconds):
    print(json.dumps({"what": what, "peer": peer, "images": images, "seconds_per_core": round(seconds, 4),
                      "images_per_core_s": round(images / seconds, 1)}))


def pack(folder):
    import numpy
    import PIL
    from PIL import Image

    files = sorted(entry.path for entry in os.scandir(folder) if entry.is_file())

    def square(path):
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        width, height = image.size
        scale = 256 / min(width, height)
        image = image.resize((max(256, round(width * scale)), max(256, round(height * scale))), Image.LANCZOS)
        left, top = (image.width - 256) // 2, (image.height - 256) // 2
        return numpy.asarray(image.crop((left, top, left + 256, top + 256)))

    for path in files[:20]:
        square(path)
    start = process_seconds()
    for path in files:
        assert square(path).shape == (256, 256, 3)
    report("pack", f"PIL {PIL.__version__}, Lanczos", len(files), process_seconds() - start)


def loader(count):
    import numpy
    import torch
    import torchvision
    from PIL import Image
    from torchvision import transforms

    torch.set_num_threads(1)
    generator = numpy.random.default_rng(1)
    images = [Image.fromarray(generator.integers(0, 256, (256, 256, 3), dtype=numpy.uint8)) for _ in range(64)]
    axes = torch.tensor([[-0.5635, -0.7126, 0.4180], [-0.5762, -0.0235, -0.8170], [-0.5920, 0.7012, 0.3973]])
    deviations = torch.tensor([121.7801, 37.0939, 19.7208])
    mean = [127.2, 119.6, 104.8]

    def form(to_float, white):
        """`white`: the largest value of the floats."""

        class Colour:
            def __call__(self, image):
                return image.add_((axes @ (torch.randn(3) * 0.1 * deviations * (white / 255))).view(3, 1, 1))

        return transforms.Compose([
            transforms.RandomCrop(224), transforms.RandomHorizontalFlip(), to_float, Colour(),
            transforms.Normalize([value * white / 255 for value in mean], [white / 255] * 3, inplace=True),
        ])

    def seconds(transform, images):
        for image in images:
            transform(image)
        start = process_seconds()
        for i in range(count):
            assert transform(images[i % len(images)]).shape == (3, 224, 224)
        return process_seconds() - start

    tensors = [transforms.functional.pil_to_tensor(image) for image in images]
    forms = {"PIL's images": (form(transforms.ToTensor(), 1), images),
             "tensors": (form(torch.Tensor.float, 255), tensors)}
    best, name = min((seconds(*work), name) for name, work in forms.items())
    report("loader", f"torchvision {torchvision.__version__} on {name}", count, best)


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "pack":
        pack(sys.argv[2])
    elif len(sys.argv) in (2, 3) and sys.argv[1] == "loader":
        loader(int(sys.argv[2]) if len(sys.argv) == 3 else 2000)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main()
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
