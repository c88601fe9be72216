"""The HTTP API as it depends on who asks: tokens, scopes, limits, keys, and the views of all
resources.
"""
