"""The labels, in the order of the model's outputs.

To serve a model with your own classes, change this list: training, functions and result documents all read it.
"""

LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
