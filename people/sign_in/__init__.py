"""Signing in: allauth's adapters and forms, lock-out, second factor, sessions, OpenID Connect."""
