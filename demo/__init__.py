"""The small synthetic corpus that `make run` opens with: written, drawn and spoken by us."""
