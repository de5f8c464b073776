"""The FID variant of Inception-v3 in numpy, for InceptionNetworkTests. Writes inception.json and inception-keys.txt beside itself.

    python3 inception.py        (made with Python 3.11, numpy 1.24.2; half a minute)

Written after the public definitions (torchvision/models/inception.py at 02a0a90 and pytorch_fid/inception.py at 1232cd6), block by block as they are written there,
not after the C# under test, which builds the blocks from a table. The published weights are not needed: every weight follows from its key (see `draw`). The figures
are of a network whose channels are all divided by 16, in float64; the key list is of the whole one.
"""
import base64
import json
import pathlib

import numpy as np

MASK = (1 << 64) - 1
here = pathlib.Path(__file__).parent


def draw(name, count):
    """Uniform numbers in 0..1 that follow from the name: FNV-1a starts a linear congruential generator (Knuth's MMIX constants)."""
    state = 14695981039346656037
    for byte in name.encode():
        state = ((state ^ byte) * 1099511628211) & MASK
    numbers = np.empty(count)
    for i in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        numbers[i] = (state >> 11) / (1 << 53)
    return numbers


def convolve(x, weight, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding[0], padding[0]), (padding[1], padding[1])))
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("bchwyx,ocyx->bohw", windows, weight, optimize=True)


def windows3(x, stride, padding, fill):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), constant_values=fill)
    return np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))[:, :, ::stride, ::stride]


def average_pool(x):
    sums = windows3(x, 1, 1, 0.0).sum(axis=(-1, -2))
    inside = windows3(np.ones_like(x), 1, 1, 0.0).sum(axis=(-1, -2))
    return sums / inside


def max_pool(x, stride, padding):
    return windows3(x, stride, padding, -np.inf).max(axis=(-1, -2))


def resize(x, side):
    """Bilinear with half-pixel centres and no antialiasing, as torch.nn.functional.interpolate(align_corners=False)."""
    def taps(length):
        centre = np.maximum((np.arange(side) + 0.5) * length / side - 0.5, 0)
        low = np.floor(centre).astype(int)
        return low, np.minimum(low + 1, length - 1), centre - low

    top, bottom, down = taps(x.shape[2])
    left, right, across = taps(x.shape[3])
    rows = x[:, :, top] * (1 - down)[:, None] + x[:, :, bottom] * down[:, None]
    return rows[..., left] * (1 - across) + rows[..., right] * across


class Network:
    def __init__(self, divisor, shapes_only=False):
        self.divisor, self.shapes_only, self.shapes = divisor, shapes_only, {}

    def weight(self, key, *shape):
        self.shapes[key] = list(shape)
        if self.shapes_only:
            return None
        numbers = draw(key, int(np.prod(shape))).reshape(shape)
        kind = key.rsplit(".", 1)[1]
        if len(shape) > 1:
            return (numbers - 0.5) * 2 * np.sqrt(3 * 2 / np.prod(shape[1:]))
        return {"weight": 0.8 + 0.4 * numbers, "running_var": 0.5 + numbers}.get(kind, 0.4 * (numbers - 0.5))

    def conv(self, name, x, outputs, kernel=(1, 1), stride=1, padding=(0, 0)):
        """BasicConv2d. x is its values, or only its number of channels where nothing but shapes is asked for."""
        inputs, outputs = (x if self.shapes_only else x.shape[1]), outputs // self.divisor
        weight = self.weight(f"{name}.conv.weight", outputs, inputs, *kernel)
        gamma, beta, mean, var = (self.weight(f"{name}.bn.{part}", outputs) for part in ("weight", "bias", "running_mean", "running_var"))
        if self.shapes_only:
            return outputs
        column = (slice(None), None, None)
        normal = (convolve(x, weight, stride, padding) - mean[column]) / np.sqrt(var + 0.001)[column]
        return np.maximum(normal * gamma[column] + beta[column], 0)

    def pool(self, x, how):
        return x if self.shapes_only else how(x)

    def join(self, *parts):
        return sum(parts) if self.shapes_only else np.concatenate(parts, axis=1)

    def block_a(self, name, x, pool_features):
        one = self.conv(f"{name}.branch1x1", x, 64)
        five = self.conv(f"{name}.branch5x5_1", x, 48)
        five = self.conv(f"{name}.branch5x5_2", five, 64, (5, 5), padding=(2, 2))
        three = self.conv(f"{name}.branch3x3dbl_1", x, 64)
        three = self.conv(f"{name}.branch3x3dbl_2", three, 96, (3, 3), padding=(1, 1))
        three = self.conv(f"{name}.branch3x3dbl_3", three, 96, (3, 3), padding=(1, 1))
        pooled = self.conv(f"{name}.branch_pool", self.pool(x, average_pool), pool_features)
        return self.join(one, five, three, pooled)

    def block_b(self, name, x):
        three = self.conv(f"{name}.branch3x3", x, 384, (3, 3), stride=2)
        double = self.conv(f"{name}.branch3x3dbl_1", x, 64)
        double = self.conv(f"{name}.branch3x3dbl_2", double, 96, (3, 3), padding=(1, 1))
        double = self.conv(f"{name}.branch3x3dbl_3", double, 96, (3, 3), stride=2)
        return self.join(three, double, self.pool(x, lambda v: max_pool(v, 2, 0)))

    def block_c(self, name, x, c7):
        one = self.conv(f"{name}.branch1x1", x, 192)
        self.last_branch1x1 = one
        seven = self.conv(f"{name}.branch7x7_1", x, c7)
        seven = self.conv(f"{name}.branch7x7_2", seven, c7, (1, 7), padding=(0, 3))
        seven = self.conv(f"{name}.branch7x7_3", seven, 192, (7, 1), padding=(3, 0))
        double = self.conv(f"{name}.branch7x7dbl_1", x, c7)
        double = self.conv(f"{name}.branch7x7dbl_2", double, c7, (7, 1), padding=(3, 0))
        double = self.conv(f"{name}.branch7x7dbl_3", double, c7, (1, 7), padding=(0, 3))
        double = self.conv(f"{name}.branch7x7dbl_4", double, c7, (7, 1), padding=(3, 0))
        double = self.conv(f"{name}.branch7x7dbl_5", double, 192, (1, 7), padding=(0, 3))
        pooled = self.conv(f"{name}.branch_pool", self.pool(x, average_pool), 192)
        return self.join(one, seven, double, pooled)

    def block_d(self, name, x):
        three = self.conv(f"{name}.branch3x3_1", x, 192)
        three = self.conv(f"{name}.branch3x3_2", three, 320, (3, 3), stride=2)
        seven = self.conv(f"{name}.branch7x7x3_1", x, 192)
        seven = self.conv(f"{name}.branch7x7x3_2", seven, 192, (1, 7), padding=(0, 3))
        seven = self.conv(f"{name}.branch7x7x3_3", seven, 192, (7, 1), padding=(3, 0))
        seven = self.conv(f"{name}.branch7x7x3_4", seven, 192, (3, 3), stride=2)
        return self.join(three, seven, self.pool(x, lambda v: max_pool(v, 2, 0)))

    def block_e(self, name, x, pooling):
        one = self.conv(f"{name}.branch1x1", x, 320)
        three = self.conv(f"{name}.branch3x3_1", x, 384)
        three = self.join(self.conv(f"{name}.branch3x3_2a", three, 384, (1, 3), padding=(0, 1)), self.conv(f"{name}.branch3x3_2b", three, 384, (3, 1), padding=(1, 0)))
        double = self.conv(f"{name}.branch3x3dbl_1", x, 448)
        double = self.conv(f"{name}.branch3x3dbl_2", double, 384, (3, 3), padding=(1, 1))
        double = self.join(self.conv(f"{name}.branch3x3dbl_3a", double, 384, (1, 3), padding=(0, 1)), self.conv(f"{name}.branch3x3dbl_3b", double, 384, (3, 1), padding=(1, 0)))
        pooled = self.conv(f"{name}.branch_pool", self.pool(x, pooling), 192)
        return self.join(one, three, double, pooled)

    def __call__(self, x):
        x = self.conv("Conv2d_1a_3x3", x, 32, (3, 3), stride=2)
        x = self.conv("Conv2d_2a_3x3", x, 32, (3, 3))
        x = self.conv("Conv2d_2b_3x3", x, 64, (3, 3), padding=(1, 1))
        x = self.pool(x, lambda v: max_pool(v, 2, 0))
        x = self.conv("Conv2d_3b_1x1", x, 80)
        x = self.conv("Conv2d_4a_3x3", x, 192, (3, 3))
        x = self.pool(x, lambda v: max_pool(v, 2, 0))
        x = self.block_a("Mixed_5b", x, 32)
        x = self.block_a("Mixed_5c", x, 64)
        x = self.block_a("Mixed_5d", x, 64)
        x = self.block_b("Mixed_6a", x)
        x = self.block_c("Mixed_6b", x, 128)
        x = self.block_c("Mixed_6c", x, 160)
        x = self.block_c("Mixed_6d", x, 160)
        spatial = self.last_branch1x1
        x = self.block_c("Mixed_6e", x, 192)
        x = self.block_d("Mixed_7a", x)
        x = self.block_e("Mixed_7b", x, average_pool)
        x = self.block_e("Mixed_7c", x, lambda v: max_pool(v, 1, 1))
        width = x if self.shapes_only else x.shape[1]
        fc = self.weight("fc.weight", 1008 // self.divisor, width)
        self.weight("fc.bias", 1008 // self.divisor)
        if self.shapes_only:
            return self.shapes
        pooled = x.mean(axis=(2, 3))
        logits = pooled @ fc.T
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        return pooled, spatial[:, :7].reshape(len(x), -1), exponents / exponents.sum(axis=1, keepdims=True)


def packed(values):
    return base64.b64encode(values.astype("<f8").tobytes()).decode()


keys = Network(1, shapes_only=True)(3)
(here / "inception-keys.txt").write_text("".join(f"{key} [{', '.join(map(str, shape))}]\n" for key, shape in sorted(keys.items())), encoding="utf-8")

count, height, width = 2, 41, 56
images = np.floor(draw("images", count * 3 * height * width) * 256).reshape(count, 3, height, width)
images[1] = 255 - images[1] * np.linspace(0, 1, width)  # the second has structure across
images = np.floor(images)
pooled, spatial, probabilities = Network(16)(2 * resize(images / 255, 299) - 1)
golden = {
    "divisor": 16,
    "count": count,
    "height": height,
    "width": width,
    "images": base64.b64encode(images.astype(np.uint8).tobytes()).decode(),
    "pooled": packed(pooled),
    "spatial": packed(spatial),
    "probabilities": packed(probabilities),
}
(here / "inception.json").write_text(json.dumps(golden) + "\n", encoding="utf-8")
print(len(keys), sum(int(np.prod(s)) for k, s in keys.items() if "running" not in k), pooled.std(), spatial.std(), probabilities.max())
