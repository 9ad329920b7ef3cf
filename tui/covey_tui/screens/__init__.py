"""The screens: each is given what it shows, and says what a person wants by its result or a callback."""
