"""Benchmarks, predictors, metrics and reports."""
