"""The Anthropic agent: a conversation over the Messages API, with tools that are confined to the workspace."""
