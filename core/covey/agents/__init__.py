"""Agents: whoever writes a component's file. Built-in ones come in by the same entry points as anybody's."""
