"""Artifacts: whether a component's file is there, and whether it is what was asked for. Nothing here writes."""
