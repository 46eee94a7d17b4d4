"""Evaluation: a trained model and labelled faces → figures, pictures and a model card."""
