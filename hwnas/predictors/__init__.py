"""Performance predictors: fitted on a table by scikit-learn, shipped and run as ONNX."""

from hwnas.predictors.loading import find_predictor, fits, load_predictor, why_not
from hwnas.predictors.predictor import Predictor, predict_together
from hwnas.predictors.store import predictor_cards, search_path, stored_predictors

__all__ = [
    "Predictor",
    "find_predictor",
    "fits",
    "load_predictor",
    "predict_together",
    "predictor_cards",
    "search_path",
    "stored_predictors",
    "why_not",
]
