"""PyTorch and rushlight side by side; start with run.py."""
