"""The workflows, as tables: steps in order, and which follows which. Nothing here does anything."""
