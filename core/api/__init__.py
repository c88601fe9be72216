"""What all resources of the HTTP API have in common; who asks, and with which token, is told by
`people.api`.
"""
