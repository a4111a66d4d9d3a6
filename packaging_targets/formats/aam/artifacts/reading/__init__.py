"""Reads the files that describe artifacts, and finds what is wrong with each."""
