"""What every app builds on: errors, storage, requests, text, database; knows none of them."""
