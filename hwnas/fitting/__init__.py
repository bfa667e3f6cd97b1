"""The workshop that makes predictors: choose an estimator, fit, calibrate, measure, carry over."""
