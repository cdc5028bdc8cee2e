"""Distances between vectors, as functions."""

from ...ops.distances import cosine_similarity, pairwise_distance, pdist

__all__ = ["cosine_similarity", "pairwise_distance", "pdist"]
