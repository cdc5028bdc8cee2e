"""The version of this library, and what it was built for (torch.version's names)."""

__version__ = "0.1.0"
cuda = None
hip = None
git_version = None
