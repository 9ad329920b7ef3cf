"""The Anthropic agent: a conversation over the Messages API, with tools that are confined to the workspace.

The only room that imports `anthropic`, and only once it is used, in a thread: that takes over a second. `exchange` and
`classify` are loaded with it; everything else here is loaded without.
"""
