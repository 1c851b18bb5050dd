"""Scores how much a request looks like an attack, by the logistic regression that train.py made.

The weights are read while the component is being built and live on in its memory: at run time it opens no file.
"""

import json
import math
from pathlib import Path

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import scoring
from wit_world.exports.scoring import (
    Evidence,
    ModelError_Empty,
    ModelError_TooLong,
    Risk_Attack,
    Risk_Elevated,
    Risk_Low,
    Score,
)

from features import features

WEIGHTS: dict[str, float] = json.loads((Path(__file__).parent / "model.json").read_text(encoding="utf-8"))["weights"]
LONGEST = 4096


class Scoring(exports.Scoring):
    def classify(self, text: str) -> Score:
        if not text.strip():
            raise Err(ModelError_Empty())
        if len(text) > LONGEST:
            raise Err(ModelError_TooLong(len(text)))
        found = features(text)
        parts = {name: WEIGHTS.get(name, 0.0) * value for name, value in found.items()}
        z = WEIGHTS[""] + sum(parts.values())
        probability = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, z))))
        heaviest = sorted(((weight, name) for name, weight in parts.items() if weight > 0.05), reverse=True)[:3]
        evidence = [Evidence(feature=name, weight=round(weight, 3)) for weight, name in heaviest]
        return Score(probability, risk(probability, evidence), evidence)


def risk(probability: float, evidence: list[Evidence]) -> scoring.Risk:
    if probability < 0.5:
        return Risk_Low()
    if probability < 0.8 or not evidence:
        return Risk_Elevated(probability)
    return Risk_Attack(evidence[0].feature)
