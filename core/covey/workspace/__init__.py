"""What an agent may touch: files confined to the project root, and processes that are recorded before they act."""
