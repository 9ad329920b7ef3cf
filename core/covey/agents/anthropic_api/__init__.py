"""Autonomous sessions on the Anthropic API. The only room that imports `anthropic`, and only once it is used."""
