"""Evaluation of rankings: splits, metrics, baselines."""
