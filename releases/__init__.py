"""What is published: frozen, checksummed directories."""
