"""Whom we exchange weights with: one format, one file."""
