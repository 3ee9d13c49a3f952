"""Review code, dependencies, a deployment and its log for weaknesses of the CWE list.

Reviewed code is read, never imported or run, and nothing asks a network.
"""
