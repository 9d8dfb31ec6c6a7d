"""Keras to ONNX, and inference with ONNX Runtime."""
