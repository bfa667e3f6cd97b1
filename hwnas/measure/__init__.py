"""Measuring models on devices: raw samples of one model with one backend under one plan."""
