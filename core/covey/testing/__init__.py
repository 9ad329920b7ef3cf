"""What tests of covey, and of programs that build on it, work with: fakes beside the protocols, and sample projects."""
