"""Figures of the evaluation's statistics by numpy and scipy, for the tests beside it. Writes statistics.json beside itself.

    python3 statistics.py        (made with Python 3.11, numpy 1.24.2, scipy 1.10.1)

Every figure is computed the long way round: no figure shares a formula with the C# under test where there is another.
"""
import base64
import json
import pathlib

import numpy as np
from scipy import linalg, ndimage
from scipy.spatial.distance import cdist

random = np.random.default_rng(20250301)


def frechet(first, second, first_weights=None, second_weights=None):
    """As pytorch-fid: scipy's general matrix square root of the product of the covariances."""
    mean1, mean2 = (np.average(rows, axis=0, weights=weights) for rows, weights in ((first, first_weights), (second, second_weights)))
    cov1, cov2 = (np.cov(rows, rowvar=False, aweights=weights) for rows, weights in ((first, first_weights), (second, second_weights)))
    root = linalg.sqrtm(cov1 @ cov2)
    return float((mean1 - mean2) @ (mean1 - mean2) + np.trace(cov1) + np.trace(cov2) - 2 * np.trace(np.real(root)))


def inception_score(probabilities, splits):
    scores = []
    for split in range(splits):
        part = probabilities[split::splits]
        divergence = part * (np.log(part) - np.log(part.mean(axis=0, keepdims=True)))
        scores.append(np.exp(divergence.sum(axis=1).mean()))
    return float(np.mean(scores)), float(np.std(scores))


def precision_recall(real, generated, k):
    def radii(rows):
        return np.sort(cdist(rows, rows), axis=1)[:, k]

    between = cdist(generated, real)
    return float((between <= radii(real)[None, :]).any(axis=1).mean()), float((between.T <= radii(generated)[None, :]).any(axis=1).mean())


def ssim(first, second):
    """Wang et al. 2004 by scipy's Gaussian filter (radius 5), mean over the positions where the whole window lies inside, then over the channels."""
    def blur(channel):
        return ndimage.gaussian_filter(channel, 1.5, truncate=3.5)[5:-5, 5:-5]

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    channels = []
    for channel in range(3):
        x, y = first[..., channel].astype(float), second[..., channel].astype(float)
        mx, my = blur(x), blur(y)
        vx, vy, cxy = blur(x * x) - mx * mx, blur(y * y) - my * my, blur(x * y) - mx * my
        channels.append((((2 * mx * my + c1) * (2 * cxy + c2)) / ((mx * mx + my * my + c1) * (vx + vy + c2))).mean())
    return float(np.mean(channels))


def psnr(first, second):
    return float(10 * np.log10(255 ** 2 / ((first.astype(float) - second.astype(float)) ** 2).mean()))


def rows(count, width, shift=0.0):
    mixing = random.normal(size=(width, width))
    return np.round(random.normal(size=(count, width)) @ mixing + shift, 4)


first, second = rows(40, 6), rows(50, 6, shift=0.3)
few, fewer = rows(5, 6), rows(4, 6)
weights = np.round(random.uniform(0.2, 3, size=40), 3)
probabilities = random.dirichlet(np.full(7, 0.4), size=23)
probabilities = np.round(np.maximum(probabilities, 1e-4), 6)
probabilities /= probabilities.sum(axis=1, keepdims=True)
height, width = 17, 19
image = random.integers(0, 256, size=(height, width, 3), dtype=np.uint8)
image = np.round(ndimage.gaussian_filter(image.astype(float), (2, 2, 0))).astype(np.uint8)
noisy = np.clip(image.astype(int) + random.integers(-12, 13, size=image.shape), 0, 255).astype(np.uint8)

mean, deviation = inception_score(probabilities, 3)
golden = {
    "first": first.tolist(),
    "second": second.tolist(),
    "few": few.tolist(),
    "fewer": fewer.tolist(),
    "weights": weights.tolist(),
    "probabilities": probabilities.tolist(),
    "image_height": height,
    "image_width": width,
    "image": base64.b64encode(image.tobytes()).decode(),
    "noisy": base64.b64encode(noisy.tobytes()).decode(),
    "expected": {
        "mean": first.mean(axis=0).tolist(),
        "covariance": np.cov(first, rowvar=False).tolist(),
        "weighted_mean": np.average(first, axis=0, weights=weights).tolist(),
        "weighted_covariance": np.cov(first, rowvar=False, aweights=weights).tolist(),
        "frechet": frechet(first, second),
        "frechet_weighted": frechet(first, second, weights),
        "frechet_singular": frechet(few, fewer),
        "inception_score": {"split": 10, "mean": mean, "deviation": deviation, "splits": 3},
        "precision_recall": dict(zip(("precision", "recall"), precision_recall(first, second, 3))),
        "ssim": ssim(image, noisy),
        "psnr": psnr(image, noisy),
    },
}
pathlib.Path(__file__).with_name("statistics.json").write_text(json.dumps(golden) + "\n", encoding="utf-8")
