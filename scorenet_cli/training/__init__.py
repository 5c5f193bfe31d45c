"""From a dataset and settings to a fitted model."""
