"""The composition root: configuration, start and stop in order, access, logs, the command line.

The only package that imports the stages; it decides nothing about spans.
"""
