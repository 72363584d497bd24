"""How good a ranking is: splits, measures, baselines."""
