"""Models of architectures: building, weights, export to ONNX, inference sessions."""
