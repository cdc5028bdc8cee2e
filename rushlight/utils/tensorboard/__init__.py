"""Logging for TensorBoard, without TensorBoard.

writer.py is the user's face; messages.py builds what goes into a file on top of wire.py (protocol buffers) and
records.py (framing and checksums); event_file.py writes it; graph.py, histogram.py and embedding.py prepare data.
"""

from rushlight.utils.tensorboard.writer import SummaryWriter as SummaryWriter

__all__ = ["SummaryWriter"]
