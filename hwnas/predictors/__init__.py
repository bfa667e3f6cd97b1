"""Performance predictors: fitted on a table by scikit-learn, shipped and run as ONNX."""

from hwnas.predictors.artifacts import (
    Predictor,
    find_predictor,
    load_predictor,
    predict_together,
    predictor_cards,
    search_path,
)

__all__ = [
    "Predictor",
    "find_predictor",
    "load_predictor",
    "predict_together",
    "predictor_cards",
    "search_path",
]
