"""The face detector: the weights in a published package → models/detector/detector.onnx."""
