"""The terminal app of covey; it meets the core in the store alone."""
