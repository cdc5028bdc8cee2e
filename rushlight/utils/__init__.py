"""Helpers around the library: data loading, TensorBoard, hooks."""
