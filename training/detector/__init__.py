"""The face detector: the weights in a published package → layer/detector.onnx."""
