"""Trains the model: `python3 train.py` reads requests.tsv and writes model.json.

Logistic regression by full-batch gradient descent with L2 regularisation, without any library, so that the same
requests give the same weights everywhere. Every fourth request is held out; the accuracy on those is printed.
"""

import json
import math
from pathlib import Path

from features import features

HERE = Path(__file__).parent
ROUNDS, RATE, DECAY = 600, 0.5, 0.002


def probability(weights: dict[str, float], found: dict[str, float]) -> float:
    z = weights[""] + sum(weights.get(name, 0.0) * value for name, value in found.items())
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, z))))


def train(samples: list[tuple[dict[str, float], float]]) -> dict[str, float]:
    names = sorted({name for found, _ in samples for name in found})
    weights = {"": 0.0} | dict.fromkeys(names, 0.0)
    for _ in range(ROUNDS):
        slope = dict.fromkeys(weights, 0.0)
        for found, attack in samples:
            error = probability(weights, found) - attack
            slope[""] += error
            for name, value in found.items():
                slope[name] += error * value
        for name in weights:
            decay = DECAY * weights[name] if name else 0.0
            weights[name] -= RATE * (slope[name] / len(samples) + decay)
    return weights


def main() -> None:
    lines = (HERE / "requests.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t", 1) for line in lines if line and not line.startswith("#")]
    samples = [(features(text), 1.0 if label == "attack" else 0.0) for label, text in rows]
    held_out = samples[::4]
    weights = train([sample for at, sample in enumerate(samples) if at % 4])
    right = sum((probability(weights, found) > 0.5) == (attack > 0.5) for found, attack in held_out)
    kept = {name: round(weight, 4) for name, weight in sorted(weights.items()) if abs(weight) >= 0.02}
    (HERE / "model.json").write_text(json.dumps({"weights": kept}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(samples)} requests, {len(kept)} weights kept, {right} of {len(held_out)} held-out requests right")


if __name__ == "__main__":
    main()
