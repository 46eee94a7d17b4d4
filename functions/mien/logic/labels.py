"""The labels, in the order of the model's outputs.

To serve a model of your own classes, change them here: training, functions and results all read this list.
"""

LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
