"""Quality of annotators: statistics of careless answering, models of annotators, findings."""
