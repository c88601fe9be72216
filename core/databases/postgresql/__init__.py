"""PostgreSQL with a look at the socket instead of a question before each request."""
